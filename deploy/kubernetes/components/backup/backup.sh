#!/usr/bin/env bash
# Saves the three databases, and restores them into an empty installation.
# docs/operations/backup-restore.md lists the contents of a backup.
#
#   backup.sh save             # into a folder in BACKUP_DIR named by the time; removes old ones
#   backup.sh list             # names and sizes
#   backup.sh restore NAME     # only while no service runs
#
# Requires bash, psql, pg_dump and pg_restore; the last two must be at least the server's version.
#
#   DATABASE_ADMIN_URL   URL of PostgreSQL for a role that sees every row: a superuser, or one with
#                        BYPASSRLS that can read everything; or DATABASE_ADMIN_URL_FILE, a file
#   BACKUP_DIR           folder of the backups (default /backups)
#   BACKUP_KEEP_DAYS     days until a backup is removed, 0 for never (default 14)
#   BACKUP_RESTORE       makes `save` restore this backup, where arguments can't be changed
set -euo pipefail
umask 077
export LC_ALL=C

# The order matters. The dumps are taken at different times, and the cause of a change must be saved
# before its effect: a run that was saved before its task is repeated after a restore and finds the
# task by its key; saved after it, the run could mention a task that doesn't exist. Accounts come
# last, so that all chats and tasks have an account, unless it was deleted in the meantime.
readonly DATABASES="chat tasks auth"

dir=${BACKUP_DIR:-/backups}
keep_days=${BACKUP_KEEP_DAYS:-14}

main() {
	local action=${1:-} name=${2:-}
	if [[ $action == save && -n ${BACKUP_RESTORE:-} ]]; then
		action=restore name=$BACKUP_RESTORE
	fi
	case $action in
	save) connect && save ;;
	list) list ;;
	restore) connect && restore "${name:?usage: backup.sh restore NAME}" ;;
	*) refuse "usage: backup.sh save | list | restore NAME" ;;
	esac
}

report() {
	printf '%s\n' "$*"
}

refuse() {
	printf 'backup: %s\n' "$*" >&2
	exit 1
}

# Passes the URL's parts in libpq's variables: all users of the machine can read command lines.
connect() {
	local url=${DATABASE_ADMIN_URL:-}
	if [[ -n ${DATABASE_ADMIN_URL_FILE:-} ]]; then
		url=$(<"$DATABASE_ADMIN_URL_FILE")
	fi
	local pattern='^postgres(ql)?://([^:@/]+):([^@/]+)@([^:@/]+|\[[^]]+\])(:([0-9]+))?/([^?]*)$'
	[[ $url =~ $pattern ]] || refuse "DATABASE_ADMIN_URL must be postgresql://USER:PASSWORD@HOST[:PORT]/DATABASE"
	PGUSER=$(decode "${BASH_REMATCH[2]}")
	PGPASSWORD=$(decode "${BASH_REMATCH[3]}")
	PGHOST=${BASH_REMATCH[4]//[\[\]]/}
	PGPORT=${BASH_REMATCH[6]:-5432}
	ADMIN_DATABASE=$(decode "${BASH_REMATCH[7]:-postgres}")
	export PGUSER PGPASSWORD PGHOST PGPORT PGCONNECT_TIMEOUT=10 PGAPPNAME=backup
	local sees_all="SELECT 1 FROM pg_roles WHERE rolname = current_user AND (rolsuper OR rolbypassrls)"
	if [[ -z $(query "$ADMIN_DATABASE" "$sees_all") ]]; then
		refuse "$PGUSER doesn't see every row: it needs to be a superuser or to have BYPASSRLS"
	fi
}

decode() {
	local text=${1//\\/\\\\}
	printf '%b' "${text//%/\\x}"
}

query() {
	psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 --dbname "$1" --command "$2"
}

save() {
	local name draft began=$SECONDS database
	name=$(date -u +%Y-%m-%dT%H%M%SZ)
	draft=$dir/.$name.partial
	mkdir "$draft"
	# shellcheck disable=SC2064 - expands the current name
	trap "rm -rf '$draft'" EXIT
	for database in $DATABASES; do
		report "$database: $(date -u +%H:%M:%S)"
		# Excludes signing keys, so that a backup can't sign tokens; a restored service creates new ones.
		pg_dump --format=custom --lock-wait-timeout=60s --exclude-table-data=signing_keys \
			--file "$draft/$database.dump" "$database"
		pg_restore --list "$draft/$database.dump" >/dev/null
	done
	(cd "$draft" && sha256sum ./*.dump >SHA256SUMS)
	sync
	mv "$draft" "$dir/$name"
	report "saved $name: $(size "$name") in $((SECONDS - began)) s"
	remove_old
}

# Removes only complete backups with a name of this script, and never the newest one.
remove_old() {
	[[ $keep_days -gt 0 ]] || return 0
	local name limit
	limit=$(date -u -d "$keep_days days ago" +%Y-%m-%dT%H%M%SZ)
	for name in $(names | head -n -1); do
		if [[ $name < $limit ]]; then
			rm -rf "${dir:?}/$name"
			report "removed $name"
		fi
	done
}

names() {
	local path
	for path in "$dir"/[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9][0-9][0-9][0-9][0-9]Z/; do
		[[ ! -d $path ]] || basename "$path"
	done
}

list() {
	local name
	for name in $(names); do
		report "$name $(size "$name")"
	done
}

size() {
	du -sh "$dir/$1" | cut -f1
}

restore() {
	local source=$dir/$1 database began=$SECONDS
	[[ -f $source/SHA256SUMS ]] || refuse "there is no $1 in $dir; \`list\` shows the backups"
	(cd "$source" && sha256sum --quiet --check SHA256SUMS) || refuse "$1 is damaged"
	for database in $DATABASES; do
		check_is_empty "$database"
	done
	# Uses other names until all three are complete, so that an interrupted restore can be repeated.
	for database in $DATABASES; do
		make_draft "$database"
		pg_restore --exit-on-error --single-transaction --no-owner --role "${database}_owner" \
			--dbname "${database}_restored" "$source/$database.dump"
		report "$database: $(date -u +%H:%M:%S)"
	done
	reconcile
	for database in $DATABASES; do
		query "${database}_restored" "ANALYZE"
	done
	# Drops the empty databases, whose migrations may be newer than the dumps.
	for database in $DATABASES; do
		query "$ADMIN_DATABASE" "DROP DATABASE \"$database\""
		query "$ADMIN_DATABASE" "ALTER DATABASE \"${database}_restored\" RENAME TO \"$database\""
	done
	report "restored $1 in $((SECONDS - began)) s; the services migrate older schemas when they start"
}

# Refuses to overwrite the data of users.
check_is_empty() {
	local table user
	case $1 in
	chat) table=owners ;;
	tasks) table=user_counters ;;
	auth) table=users ;;
	esac
	if [[ -z $(query "$ADMIN_DATABASE" "SELECT 1 FROM pg_database WHERE datname = '$1'") ]]; then
		refuse "there is no database $1: create roles and databases first (python -m todochat.database)"
	fi
	local connections="SELECT 1 FROM pg_stat_activity WHERE datname = '$1' AND backend_type = 'client backend' LIMIT 1"
	if [[ -n $(query "$ADMIN_DATABASE" "$connections") ]]; then
		refuse "database $1 has open connections: stop the services first"
	fi
	[[ -n $(query "$1" "SELECT to_regclass('public.$table')") ]] || return 0
	user=$(query "$1" "SELECT 1 FROM $table LIMIT 1")
	[[ -z $user ]] || refuse "database $1 is not empty: restore into a new installation"
}

# Grants the same access as todochat.database.bootstrap.
make_draft() {
	local draft=$1_restored owner=$1_owner
	query "$ADMIN_DATABASE" "DROP DATABASE IF EXISTS \"$draft\"" 2>/dev/null
	query "$ADMIN_DATABASE" "CREATE DATABASE \"$draft\" OWNER \"$owner\" TEMPLATE template0"
	query "$ADMIN_DATABASE" "REVOKE ALL ON DATABASE \"$draft\" FROM PUBLIC"
	query "$ADMIN_DATABASE" "GRANT CONNECT ON DATABASE \"$draft\" TO \"$1_app\", \"$1_jobs\""
}

# Reconciles the three dumps, which were taken at different times, with each other and the present.
reconcile() {
	local accounts chat_users task_users orphans
	# Sessions that were revoked after the backup must not become valid again.
	query auth_restored "UPDATE sessions SET revoked_at = now(), revoke_reason = 'restored' WHERE revoked_at IS NULL"
	# A run may have been taken over between the dumps; its earlier attempts must not fence it now.
	query tasks_restored "DELETE FROM run_attempts"
	# Chat and tasks may have data that is older than their confirmation of a pending erasure.
	query auth_restored "UPDATE erasures SET next_attempt_at = now()"
	# Erasures that finished before the last dump: auth-session makes the other services erase again.
	# One variable per query: a failed query must end the script, not look like an empty result.
	accounts=$(query auth_restored "SELECT id FROM users UNION SELECT user_id FROM erasures")
	chat_users=$(query chat_restored "SELECT user_id FROM owners UNION SELECT user_id FROM attachments")
	task_users=$(query tasks_restored "SELECT user_id FROM user_counters")
	orphans=$(printf '%s\n' "$chat_users" "$task_users" | sed '/^$/d' | sort -u | comm -23 - <(sort -u <<<"$accounts"))
	if [[ -n $orphans ]]; then
		psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --single-transaction --dbname auth_restored <<-SQL
			CREATE TEMPORARY TABLE orphans (user_id text) ON COMMIT DROP;
			COPY orphans FROM stdin;
			$orphans
			\.
			INSERT INTO erasures (user_id, requested_at, attempts, next_attempt_at)
			SELECT user_id, now(), 0, now() FROM orphans WHERE user_id <> '' ON CONFLICT DO NOTHING;
		SQL
		report "$(wc -l <<<"$orphans") without an account will be erased"
	fi
}

main "$@"
