-- Schema 2.4.0 to 2.5.0: customers may leave a telephone number.
ALTER TABLE customers ADD COLUMN phone text;
INSERT INTO schema_migrations (version, created_at) VALUES ('2.5.0', timestamptz '2024-02-05 08:00:00+00');
