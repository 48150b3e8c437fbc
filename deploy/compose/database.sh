#!/bin/sh
# Run once by the image of PostgreSQL, when it has made its cluster: the database of the
# service and the role that owns it. The order of C.UTF-8 is that of the code points, in every
# image: another release of the system's library would leave indexes in another order.
set -eu
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username=postgres --dbname=postgres \
    --set=password="$(cat /run/secrets/database_password)" <<'SQL'
CREATE ROLE todo LOGIN PASSWORD :'password';
CREATE DATABASE todo OWNER todo TEMPLATE template0 ENCODING UTF8 LOCALE 'C.UTF-8';
SQL
