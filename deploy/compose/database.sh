#!/bin/sh
# Run once by the PostgreSQL image after it has created its cluster: create the database of
# the service and the role that owns it. C.UTF-8 sorts by code point in every image, so an
# update of the C library cannot change the order of indexes.
set -eu
# psql reads the password itself: arguments of a process are visible to all others.
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username=postgres --dbname=postgres <<'SQL'
\set password `cat /run/secrets/database_password`
CREATE ROLE todo LOGIN PASSWORD :'password';
CREATE DATABASE todo OWNER todo TEMPLATE template0 ENCODING UTF8 LOCALE 'C.UTF-8';
SQL
