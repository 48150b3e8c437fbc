# shellcheck shell=bash
# The part of script/upgrade for files outside the releases: the unit of systemd, and the
# configuration of nginx in site/. script/upgrade sets $release, $previous, $scratch and the
# settings.
# shellcheck disable=SC2154

# Print the files of site/ that are new in this release.
new_site_files() {
    local file
    for file in deploy/site/*.conf; do
        [[ -e $CONFIG_DIR/site/${file##*/} ]] || echo "$release/$file"
    done
}

# make_site FOLDER: create site/ as it will be after the upgrade.
make_site() {
    local new
    mapfile -t new < <(new_site_files)
    cp -r "$CONFIG_DIR/site/." "$1"
    [[ ! ${new[*]} ]] || copy_site_files "$1" "${new[@]}"
}

# copy_site_files FOLDER FILE…: the app servers of the API are those of the pages, and serve
# files if the app server for files does not.
copy_site_files() {
    local file pages=$CONFIG_DIR/site/upstream.conf
    for file in "${@:2}"; do
        if [[ $file != */upstream_*.conf || ! -e $pages ]] || cmp --quiet deploy/site/upstream.conf "$pages"; then
            cp "$file" "$1"
        elif [[ $file == */upstream_api.conf ]]; then
            servers_of_api "$pages" >"$1/upstream_api.conf"
        else
            {
                sed -n "\,/web-files\.sock,s,/var/lib/todo,$DATA_DIR,p" "$file"
                servers_of_api "$pages" | sed 's/;/ backup;/'
            } >"$1/upstream_files.conf"
        fi
    done
}

# A TCP port takes pages and requests to the API.
servers_of_api() { sed '/^#/d; s/\.sock/.api.sock/' "$1"; }

add_site_files() {
    local file
    for file in $(new_site_files); do
        copy_site_files "$CONFIG_DIR/site" "$file"
        say "Added $CONFIG_DIR/site/${file##*/}."
    done
}

# The other files of site/ belong to the installation, so their changes are only reported.
report_site_files() {
    local file name
    for file in deploy/site/*.conf; do
        name=site/${file##*/}
        is_same "$name" || [[ ! -e $previous/$file ]] || cmp --quiet "$file" "$CONFIG_DIR/$name" ||
            say "$name has changed in this release. Compare: diff $CONFIG_DIR/$name $release/$file"
    done
}

# Replace the unit, unless it was edited: local changes belong in a drop-in (systemctl edit
# todo), which stays.
install_unit() {
    local new=$release/deploy/todo.service
    if [[ ! -e $UNIT_FILE ]] || cmp --quiet "$UNIT_FILE" "$new"; then return; fi
    if cmp --quiet "$UNIT_FILE" "$previous/deploy/todo.service" &&
        install -m 644 "$new" "$UNIT_FILE" 2>/dev/null; then
        say "Installed $UNIT_FILE."
        [[ ! -d /run/systemd/system ]] || systemctl daemon-reload
    else
        say "todo.service has changed in this release, but $UNIT_FILE was edited. Compare: diff $UNIT_FILE $new"
    fi
}
