#!/bin/sh
# Deploys a version: applies the migrations, then the services, and waits for both.
#
#   deploy/kubernetes/apply.sh production [kubectl options, such as --context NAME]
#
# Migrations only add to the schema, so running services keep working. If one fails, the services
# stay unchanged.
set -eu

overlay=${1:?usage: apply.sh OVERLAY [kubectl options]}
shift
case $overlay in
*/*) folder=$overlay ;;
*) folder=$(dirname "$0")/overlays/$overlay ;;
esac
namespace=$(sed -n 's/^namespace: *//p' "$folder/kustomization.yaml")

# Jobs are immutable, and a completed one belongs to an earlier version.
kubectl "$@" --namespace "$namespace" delete job --selector todochat/step=migration --ignore-not-found --wait
kubectl "$@" apply --kustomize "$folder/migrate"
if ! kubectl "$@" --namespace "$namespace" wait job --selector todochat/step=migration --for=condition=complete --timeout=15m; then
	kubectl "$@" --namespace "$namespace" logs --selector todochat/step=migration --tail 20 --prefix || true
	echo "migrations did not complete; the services are unchanged" >&2
	exit 1
fi

kubectl "$@" apply --kustomize "$folder"
for name in auth-session tasks todo-agent-api todo-agent-worker chat-gateway edge; do
	kubectl "$@" --namespace "$namespace" rollout status "deployment/$name" --timeout=15m
done
