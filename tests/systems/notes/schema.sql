CREATE TABLE notes (id text PRIMARY KEY, value text NOT NULL);
CREATE TABLE drafts (id text PRIMARY KEY, value text NOT NULL);
