"""The kind sandbox: pods from a Helm chart on a warm cluster, a real PostgreSQL in a container beside it."""
