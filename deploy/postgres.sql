-- Run once by the image of PostgreSQL, over an empty volume: a user who owns one database, and may do nothing else.
\getenv password DATABASE_PASSWORD
CREATE ROLE paperboy LOGIN PASSWORD :'password';
CREATE DATABASE paperboy OWNER paperboy ENCODING UTF8 TEMPLATE template0;
REVOKE CONNECT, TEMPORARY ON DATABASE paperboy, postgres, template1 FROM PUBLIC;
-- Whoever may do everything gets in through the socket of the container only: docker compose exec postgres psql -U postgres
ALTER ROLE postgres PASSWORD NULL;
