#!/usr/bin/env bash
# Saves the three databases, and restores them into an empty installation.
# docs/operations/backup-restore.md says what a backup holds, and what it doesn't.
#
#   backup.sh save             # a folder of this moment's name in BACKUP_DIR; old ones are removed
#   backup.sh list             # what there is
#   backup.sh restore NAME     # while no service runs
#
# Needs bash, psql, pg_dump and pg_restore, the latter two not older than the server.
#
#   DATABASE_ADMIN_URL   PostgreSQL as a role that sees every row: a superuser, or one with BYPASSRLS
#                        that may read everything; or DATABASE_ADMIN_URL_FILE with a file's name
#   BACKUP_DIR           where the folders are; /backups
#   BACKUP_KEEP_DAYS     days after which one is removed, 0 for never; 14
#   BACKUP_RESTORE       with `save`: restore this one instead, where arguments can't be changed
set -euo pipefail
umask 077
export LC_ALL=C

# The order is the point. Each dump is of its own moment, and who caused a change has to be saved
# before who holds it: a run that was saved first is repeated after a restore and finds its task by
# its key; saved last, it would tell of a task that is not there. Accounts come last, so that nobody
# has chats or tasks without an account, unless it was deleted meanwhile.
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

say() {
	printf '%s\n' "$*"
}

refuse() {
	printf 'backup: %s\n' "$*" >&2
	exit 1
}

# The URL's parts go into libpq's variables: a command line can be read by everybody on the machine.
connect() {
	local url=${DATABASE_ADMIN_URL:-}
	if [[ -n ${DATABASE_ADMIN_URL_FILE:-} ]]; then
		url=$(<"$DATABASE_ADMIN_URL_FILE")
	fi
	local form='^postgres(ql)?://([^:@/]+):([^@/]+)@([^:@/]+|\[[^]]+\])(:([0-9]+))?/([^?]*)$'
	[[ $url =~ $form ]] || refuse "DATABASE_ADMIN_URL must be postgresql://USER:PASSWORD@HOST[:PORT]/DATABASE"
	PGUSER=$(decode "${BASH_REMATCH[2]}")
	PGPASSWORD=$(decode "${BASH_REMATCH[3]}")
	PGHOST=${BASH_REMATCH[4]//[\[\]]/}
	PGPORT=${BASH_REMATCH[6]:-5432}
	ADMIN_DATABASE=$(decode "${BASH_REMATCH[7]:-postgres}")
	export PGUSER PGPASSWORD PGHOST PGPORT PGCONNECT_TIMEOUT=10 PGAPPNAME=backup
	local sees_all="SELECT 1 FROM pg_roles WHERE rolname = current_user AND (rolsuper OR rolbypassrls)"
	if [[ -z $(ask "$ADMIN_DATABASE" "$sees_all") ]]; then
		refuse "$PGUSER doesn't see every row: it needs to be a superuser or to have BYPASSRLS"
	fi
}

decode() {
	local text=${1//\\/\\\\}
	printf '%b' "${text//%/\\x}"
}

ask() {
	psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 --dbname "$1" --command "$2"
}

save() {
	local name draft began=$SECONDS database
	name=$(date -u +%Y-%m-%dT%H%M%SZ)
	draft=$dir/.$name.partial
	mkdir "$draft"
	# shellcheck disable=SC2064 - the name of now
	trap "rm -rf '$draft'" EXIT
	for database in $DATABASES; do
		say "$database: $(date -u +%H:%M:%S)"
		# Signing keys stay behind: new ones are made, and a backup can't sign anything.
		pg_dump --format=custom --lock-wait-timeout=60s --exclude-table-data=signing_keys \
			--file "$draft/$database.dump" "$database"
		pg_restore --list "$draft/$database.dump" >/dev/null
	done
	(cd "$draft" && sha256sum ./*.dump >SHA256SUMS)
	sync
	mv "$draft" "$dir/$name"
	say "saved $name: $(size "$name") in $((SECONDS - began)) s"
	remove_old
}

# Only what is complete and has a name of ours, and never the newest one.
remove_old() {
	[[ $keep_days -gt 0 ]] || return 0
	local name limit
	limit=$(date -u -d "$keep_days days ago" +%Y-%m-%dT%H%M%SZ)
	for name in $(names | head -n -1); do
		if [[ $name < $limit ]]; then
			rm -rf "${dir:?}/$name"
			say "removed $name"
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
		say "$name $(size "$name")"
	done
}

size() {
	du -sh "$dir/$1" | cut -f1
}

restore() {
	local source=$dir/$1 database began=$SECONDS
	[[ -f $source/SHA256SUMS ]] || refuse "there is no $1 in $dir; \`list\` shows what there is"
	(cd "$source" && sha256sum --quiet --check SHA256SUMS) || refuse "$1 is damaged"
	for database in $DATABASES; do
		check_is_empty "$database"
	done
	# Under other names until all three are there: what breaks off can be done again.
	for database in $DATABASES; do
		make_draft "$database"
		pg_restore --exit-on-error --single-transaction --no-owner --role "${database}_owner" \
			--dbname "${database}_restored" "$source/$database.dump"
		say "$database: $(date -u +%H:%M:%S)"
	done
	mend
	for database in $DATABASES; do
		ask "${database}_restored" "ANALYZE"
	done
	# What migrations made may be newer than the dump; it goes, with the database.
	for database in $DATABASES; do
		ask "$ADMIN_DATABASE" "DROP DATABASE \"$database\""
		ask "$ADMIN_DATABASE" "ALTER DATABASE \"${database}_restored\" RENAME TO \"$database\""
	done
	say "restored $1 in $((SECONDS - began)) s; what is older than the services is migrated at their start"
}

# Nothing is overwritten that belongs to somebody.
check_is_empty() {
	local table people
	case $1 in
	chat) table=owners ;;
	tasks) table=user_counters ;;
	auth) table=users ;;
	esac
	if [[ -z $(ask "$ADMIN_DATABASE" "SELECT 1 FROM pg_database WHERE datname = '$1'") ]]; then
		refuse "there is no database $1: make roles and databases first (python -m todochat.database)"
	fi
	local guests="SELECT 1 FROM pg_stat_activity WHERE datname = '$1' AND backend_type = 'client backend' LIMIT 1"
	if [[ -n $(ask "$ADMIN_DATABASE" "$guests") ]]; then
		refuse "somebody is connected to database $1: stop the services first"
	fi
	[[ -n $(ask "$1" "SELECT to_regclass('public.$table')") ]] || return 0
	people=$(ask "$1" "SELECT 1 FROM $table LIMIT 1")
	[[ -z $people ]] || refuse "database $1 is not empty: restore into a new installation"
}

# Who may connect is what todochat.database.bootstrap says.
make_draft() {
	local draft=$1_restored owner=$1_owner
	ask "$ADMIN_DATABASE" "DROP DATABASE IF EXISTS \"$draft\"" 2>/dev/null
	ask "$ADMIN_DATABASE" "CREATE DATABASE \"$draft\" OWNER \"$owner\" TEMPLATE template0"
	ask "$ADMIN_DATABASE" "REVOKE ALL ON DATABASE \"$draft\" FROM PUBLIC"
	ask "$ADMIN_DATABASE" "GRANT CONNECT ON DATABASE \"$draft\" TO \"$1_app\", \"$1_jobs\""
}

# What three moments, and the time since, make necessary.
mend() {
	local accounts chatting doing orphans
	# Who signed out, or was made to, since the backup must not be signed in again.
	ask auth_restored "UPDATE sessions SET revoked_at = now(), revoke_reason = 'restored' WHERE revoked_at IS NULL"
	# A run may have been taken over between the dumps; the attempts of then hinder nobody now.
	ask tasks_restored "DELETE FROM run_attempts"
	# Who deleted the account: what chat and tasks have may be older than their answer that it is gone.
	ask auth_restored "UPDATE erasures SET next_attempt_at = now()"
	# Whose erasure was done before the last dump: auth-session has the others erase again.
	# Each answer into a variable of its own: a question that fails must end this, and not look like
	# an answer without anybody.
	accounts=$(ask auth_restored "SELECT id FROM users UNION SELECT user_id FROM erasures")
	chatting=$(ask chat_restored "SELECT user_id FROM owners UNION SELECT user_id FROM attachments")
	doing=$(ask tasks_restored "SELECT user_id FROM user_counters")
	orphans=$(printf '%s\n' "$chatting" "$doing" | sed '/^$/d' | sort -u | comm -23 - <(sort -u <<<"$accounts"))
	if [[ -n $orphans ]]; then
		psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --single-transaction --dbname auth_restored <<-SQL
			CREATE TEMPORARY TABLE orphans (user_id text) ON COMMIT DROP;
			COPY orphans FROM stdin;
			$orphans
			\.
			INSERT INTO erasures (user_id, requested_at, attempts, next_attempt_at)
			SELECT user_id, now(), 0, now() FROM orphans WHERE user_id <> '' ON CONFLICT DO NOTHING;
		SQL
		say "$(wc -l <<<"$orphans") without an account will be erased"
	fi
}

main "$@"
