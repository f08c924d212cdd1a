-- Schema 2.5.0 back to 2.4.0.
ALTER TABLE customers DROP COLUMN phone;
DELETE FROM schema_migrations WHERE version = '2.5.0';
