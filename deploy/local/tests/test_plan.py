"""The plan of a launch, from options, environment and data directory."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from todochat.database.bootstrap import role_names
from todochat_local.data_dir import DataDir, DataDirError
from todochat_local.default_plan import build_plan
from todochat_local.plan import LaunchPlan, Unit, UpOptions
from todochat_local.port import PortError, pick_edge_port
from todochat_local.python_process import inherited_environment, python_command
from todochat_local.secret_store import ROLES

ELSEWHERE = {
    "AUTH_DATABASE_URL": "postgresql://auth_app@db/auth",
    "TASKS_DATABASE_URL": "postgresql://tasks_app@db/tasks",
    "TASKS_JOBS_DATABASE_URL": "postgresql://tasks_jobs@db/tasks",
    "CHAT_DATABASE_URL": "postgresql://chat_app@db/chat",
    "CHAT_JOBS_DATABASE_URL": "postgresql://chat_jobs@db/chat",
}


def plan_for(
    folder: Path,
    environ: Mapping[str, str] | None = None,
    *,
    port: int | None = None,
    workers: int = 1,
    gateways: int = 1,
) -> LaunchPlan:
    data = DataDir(folder / "data")
    data.prepare()
    options = UpOptions(
        data_dir=data.path, port=port, workers=workers, gateways=gateways, environ=environ or {}
    )
    return build_plan(options, data)


def unit(plan: LaunchPlan, name: str) -> Unit:
    return next(unit for unit in plan.units if unit.name == name)


def test_roles_equal_those_of_the_databases() -> None:
    assert sorted(ROLES) == sorted(role_names())


def test_each_instance_has_its_own_name_and_port(reachable_path: Path) -> None:
    plan = plan_for(reachable_path, workers=2, gateways=2)

    names = {unit.name for unit in plan.units}
    assert {"todo-agent-worker-1", "todo-agent-worker-2"} <= names
    upstreams = unit(plan, "caddy").spec.env["CHAT_GATEWAY_UPSTREAMS"].split()
    assert [f"http://{each}" for each in upstreams] == [
        unit(plan, "chat-gateway-1").url,
        unit(plan, "chat-gateway-2").url,
    ]
    assert len(set(upstreams)) == 2


@pytest.mark.parametrize(("gateways", "checks"), [(1, "off"), (2, "on")])
def test_edge_checks_health_of_several_instances(
    reachable_path: Path, gateways: int, checks: str
) -> None:
    plan = plan_for(reachable_path, gateways=gateways)

    assert unit(plan, "caddy").spec.env["EDGE_HEALTH_CHECKS"] == checks


def test_edge_gets_its_limits_and_variables_of_own_routes_from_the_environment(
    reachable_path: Path,
) -> None:
    environ = {"EDGE_BODY_TIMEOUT": "5s", "EDGE_ROUTE_SHOP": "/srv/shop", "EDGE_ADDRESS": ":1"}
    plan = plan_for(reachable_path, environ=environ)

    env = unit(plan, "caddy").spec.env
    assert env["EDGE_BODY_TIMEOUT"] == "5s"
    assert env["EDGE_ROUTE_SHOP"] == "/srv/shop"
    assert env["EDGE_ADDRESS"] != ":1"


def test_ports_are_reused(reachable_path: Path) -> None:
    first, second = plan_for(reachable_path), plan_for(reachable_path)

    assert [unit.url for unit in first.units] == [unit.url for unit in second.units]


def test_external_engine_is_not_started(reachable_path: Path) -> None:
    plan = plan_for(reachable_path, {"REDIS_URL": "redis://cache:6379/0", **ELSEWHERE})

    assert {"postgres", "valkey"}.isdisjoint({unit.name for unit in plan.units})
    assert unit(plan, "tasks").spec.env["TASKS_DATABASE_URL"] == ELSEWHERE["TASKS_DATABASE_URL"]
    assert plan.redis_url == "redis://cache:6379/0"
    assert "TASKS_MIGRATION_DATABASE_URL is not set: the tasks database is not migrated" in (
        plan.notes
    )


def test_external_database_requires_its_jobs_url(reachable_path: Path) -> None:
    url = ELSEWHERE["TASKS_DATABASE_URL"]

    with pytest.raises(DataDirError, match="TASKS_JOBS_DATABASE_URL must be set, too"):
        plan_for(reachable_path, {"TASKS_DATABASE_URL": url})


def test_service_gets_only_its_own_passwords(reachable_path: Path) -> None:
    owner = {"TASKS_MIGRATION_DATABASE_URL": "postgresql://tasks_owner@db/tasks"}
    plan = plan_for(reachable_path, {**ELSEWHERE, **owner})

    urls = {
        each.service: {name for name in each.spec.env if name.endswith("DATABASE_URL")}
        for each in plan.units
        if each.service
    }
    assert urls == {
        "auth-session": {"AUTH_DATABASE_URL"},
        "tasks": {"TASKS_DATABASE_URL", "TASKS_JOBS_DATABASE_URL"},
        "todo-agent-api": {"CHAT_DATABASE_URL", "CHAT_JOBS_DATABASE_URL"},
        "todo-agent-worker": {"CHAT_DATABASE_URL", "CHAT_JOBS_DATABASE_URL"},
        "chat-gateway": set(),
        "caddy": set(),
    }


def test_environment_overrides_defaults(reachable_path: Path) -> None:
    plan = plan_for(reachable_path, {"AUTH_SIGN_UP": "closed", "OPENAI_API_KEY": "sk-1"})

    assert unit(plan, "auth-session").spec.env["AUTH_SIGN_UP"] == "closed"
    assert unit(plan, "todo-agent-worker").spec.env["OPENAI_API_KEY"] == "sk-1"
    assert "OPENAI_API_KEY" not in unit(plan, "caddy").spec.env


@pytest.mark.parametrize("variable", ["BETTER_AUTH_SECRET", "AUTH_EXTERNAL_ISSUERS"])
def test_external_issuer_leaves_sign_up_to_auth_session(
    reachable_path: Path, variable: str
) -> None:
    elsewhere = plan_for(reachable_path, {variable: "hush"})
    asked_for = plan_for(reachable_path, {variable: "hush", "AUTH_SIGN_UP": "open"})

    assert unit(elsewhere, "auth-session").spec.env["AUTH_SIGN_UP"] == ""
    assert unit(asked_for, "auth-session").spec.env["AUTH_SIGN_UP"] == "open"
    knowing = {unit.name for unit in elsewhere.units if "hush" in unit.spec.env.values()}
    assert knowing == {"auth-session"}


@pytest.mark.parametrize(("mode", "knows"), [("self", False), ("openai", True)])
def test_auth_session_gets_the_openai_key_only_in_hosted_mode(
    reachable_path: Path, mode: str, *, knows: bool
) -> None:
    plan = plan_for(reachable_path, {"OPENAI_API_KEY": "sk-1", "CHATKIT_MODE": mode})

    assert ("OPENAI_API_KEY" in unit(plan, "auth-session").spec.env) is knows


def test_only_the_agent_gets_model_settings(reachable_path: Path) -> None:
    environ = {"OPENAI_API_KEY": "sk-1", "OPENAI_BASE_URL": "http://model/v1", "LANG": "C"}

    plan = plan_for(reachable_path, environ)

    services = [each for each in plan.units if each.service not in {"", "caddy"}]
    assert all(each.spec.env["LANG"] == "C" for each in services)
    knowing = {unit.name for unit in plan.units if "sk-1" in unit.spec.env.values()}
    assert knowing == {"todo-agent-worker", "todo-agent-api"}
    assert set(inherited_environment(environ)) == {"LANG"}  # what initdb and migrations get


def test_files_in_the_current_folder_are_not_importable(reachable_path: Path) -> None:
    plan = plan_for(reachable_path)

    commands = [each.spec.command for each in plan.units if each.service not in {"", "caddy"}]
    assert {tuple(command[1:3]) for command in commands} == {("-P", "-m")}


def test_own_agent_is_importable_from_the_current_folder(reachable_path: Path) -> None:
    plan = plan_for(reachable_path, {"TODO_AGENT_FACTORY": "mine:create"}, workers=2)

    importing = {each.name for each in plan.units if each.spec.command[1] == "-m"}
    assert importing == {"todo-agent-api", "todo-agent-worker-1", "todo-agent-worker-2"}
    assert unit(plan, "todo-agent-worker-1").spec.cwd == Path.cwd()


@pytest.mark.parametrize(
    ("factory", "watched"), [("mine:create", "mine"), ("mine.deep.agent:create", "mine")]
)
def test_own_agent_is_watched_for_changes(reachable_path: Path, factory: str, watched: str) -> None:
    plan = plan_for(reachable_path, {"TODO_AGENT_FACTORY": factory})

    watching = {each.name for each in plan.units if watched in each.watch}
    assert watching == {"todo-agent-api", "todo-agent-worker"}


@pytest.mark.parametrize(
    ("package", "restarted"),
    [
        ("durable_chatkit", {"todo-agent-api", "todo-agent-worker"}),
        ("model_client", {"todo-agent-api", "todo-agent-worker"}),
        ("offline_assistant", {"todo-agent-api", "todo-agent-worker"}),
        ("tasks_service", {"tasks"}),
        (
            "todochat",
            {"auth-session", "chat-gateway", "tasks", "todo-agent-api", "todo-agent-worker"},
        ),
    ],
)
def test_change_of_a_package_restarts_the_services_that_import_it(
    reachable_path: Path, package: str, restarted: set[str]
) -> None:
    plan = plan_for(reachable_path)

    assert {each.name for each in plan.units if package in each.watch} == restarted


def test_file_in_the_current_folder_shadows_no_standard_module(tmp_path: Path) -> None:
    (tmp_path / "colorsys.py").write_text("raise SystemExit(3)")

    codes = [
        subprocess.run(
            python_command("colorsys", imports_from_cwd=near),
            cwd=tmp_path,
            check=False,
            capture_output=True,
        ).returncode
        for near in (False, True)
    ]

    assert codes == [0, 3]


def test_missing_secrets_are_reported_and_not_regenerated(reachable_path: Path) -> None:
    data = DataDir(reachable_path / "data")
    data.prepare()
    data.postgres.mkdir()

    with pytest.raises(DataDirError, match=r"secrets\.json is missing"):
        build_plan(UpOptions(data_dir=data.path, environ={}), data)

    assert not data.secrets.exists()


def test_requested_port_in_use_is_rejected(used_port: int) -> None:
    with pytest.raises(PortError, match=f"port {used_port} is in use"):
        pick_edge_port(used_port)


def test_port_zero_is_a_free_port_and_is_reused(reachable_path: Path) -> None:
    plan = plan_for(reachable_path, port=0)
    again = plan_for(reachable_path, port=0)

    port = int(plan.edge.rpartition(":")[2])
    assert port > 0
    assert unit(plan, "caddy").spec.env["EDGE_ADDRESS"] == f"http://:{port}"
    assert unit(plan, "tasks").spec.env["PUBLIC_URL"] == plan.edge == again.edge


@pytest.mark.parametrize(
    ("variables", "is_checked"), [({}, True), ({"LOOP_STALL_EXIT_S": "0"}, False)]
)
def test_liveness_checks_can_be_disabled(
    reachable_path: Path, variables: dict[str, str], is_checked: bool
) -> None:
    plan = plan_for(reachable_path, variables)

    services = [each for each in plan.units if each.service not in {"", "caddy"}]
    assert len(services) == 5
    assert all((each.liveness is not None) == is_checked for each in services)


def test_home_of_caddy_is_the_data_directory(reachable_path: Path) -> None:
    env = unit(plan_for(reachable_path), "caddy").spec.env

    inside = str(reachable_path / "data" / "caddy")
    assert all(env[name].startswith(inside) for name in ("HOME", "XDG_CONFIG_HOME"))
    assert env["XDG_DATA_HOME"].startswith(inside)
