-- Schema 2.4.0 to 2.6.0: prices become decimals, and an order keeps the channel by which it came.
ALTER TABLE products ADD COLUMN price numeric(10, 2);
UPDATE products SET price = price_cents / 100.0;
ALTER TABLE products ALTER COLUMN price SET NOT NULL;
ALTER TABLE products ADD CONSTRAINT products_price_check CHECK (price >= 0);
ALTER TABLE products DROP COLUMN price_cents;
ALTER TABLE orders ADD COLUMN channel text NOT NULL DEFAULT 'web';
CREATE INDEX orders_channel ON orders (channel);
INSERT INTO schema_migrations (version, created_at) VALUES ('2.6.0', timestamptz '2024-03-04 08:00:00+00');
