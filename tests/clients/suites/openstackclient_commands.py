"""python-openstackclient, command by command, in one process (a start costs a second each)."""

import io
import json
import logging
import os
import tempfile
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from importlib.metadata import entry_points

from kit import signing
from kit.http import call
from openstackclient import shell

from .openstackclient_delegation import application_credentials, limits, oauth, trusts
from .openstackclient_federation import federation


class Openstack:
    """Runs `openstack` commands. Every call is a whole run of the client, login included."""

    def __init__(self, cloud):
        self.ran = []
        for name in [n for n in os.environ if n.startswith("OS_")]:
            del os.environ[name]
        os.environ.update(
            OS_AUTH_URL=cloud.auth_url, OS_USERNAME=cloud.username, OS_PASSWORD=cloud.password,
            OS_USER_DOMAIN_NAME="Default", OS_PROJECT_NAME="admin",
            OS_PROJECT_DOMAIN_NAME="Default", OS_IDENTITY_API_VERSION="3",
            OS_REGION_NAME=cloud.region, OS_CLIENT_CONFIG_FILE="/dev/null")

    def run(self, words, **env):
        """(exit status, stdout, stderr) of one command; `env` replaces OS_ variables, None unsets."""
        self.ran.append(" ".join(words))
        saved = dict(os.environ)
        os.environ.update({name: value for name, value in env.items() if value is not None})
        for name in (name for name, value in env.items() if value is None):
            os.environ.pop(name, None)
        out, err = io.StringIO(), io.StringIO()
        try:
            with redirect_stdout(out), redirect_stderr(err):
                try:
                    # Like the program itself, but in this process; its exit status is returned.
                    status = shell.main(words)
                except SystemExit as left:
                    status = left.code
        finally:
            os.environ.clear()
            os.environ.update(saved)
            for handler in list(logging.root.handlers):
                logging.root.removeHandler(handler)
        return status, out.getvalue(), err.getvalue()

    def __call__(self, command, *more):
        """The JSON that a command prints, or None when it prints nothing. Fails loudly."""
        words = [*command.split(), *more]
        silent = {"delete", "set", "add", "remove", "revoke"}
        quiet = silent & set(words[:4]) and "implied" not in words
        status, out, err = self.run(words if quiet else [*words, "-f", "json"])
        if status:
            raise AssertionError(f"`openstack {' '.join(words)}` left with {status}: {err[-500:]}")
        if quiet or not out.strip():
            return None
        answer = json.loads(out)
        # Some commands name a member `Project ID`, others `project_id`.
        if isinstance(answer, dict):
            answer = {name.lower().replace(" ", "_"): value for name, value in answer.items()}
        return answer

    def refused(self, command, *more, **env):
        """The error text of a command that must fail."""
        status, out, err = self.run([*command.split(), *more], **env)
        return (err or out) if status else None


@contextmanager
def file_of(text):
    """The name of a file with this text, for commands that read one."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(text)
        file.flush()
        yield file.name


def names(rows):
    return {row.get("Name") for row in rows}


def run(score, cloud):
    openstack = Openstack(cloud)
    for part in (tokens, domains, projects, users, groups, roles, grants, services, policies,
                 endpoint_filter, credentials, ec2_credentials, limits, application_credentials, trusts,
                 oauth, federation, versions):
        with score.section(f"openstackclient {part.__name__}"):
            part(score, openstack, cloud)
    with score.section("openstackclient"):
        score.equal("every identity command was run", never_run(openstack), [])


def never_run(openstack):
    """The client's identity commands that no part has run."""
    commands = [point.name.replace("_", " ")
                for point in entry_points(group="openstack.identity.v3")]
    ran = " ".join(f"|{words} " for words in openstack.ran)
    return sorted(command for command in commands
                  if f"|{command} " not in ran and f"all {command} " not in ran)


def tokens(score, openstack, cloud):
    token = openstack("token issue")
    score.check("token issue gives an id", len(token["id"]) > 20)
    score.check("the token names project and user", token["project_id"] and token["user_id"])
    nowhere = dict(OS_PROJECT_NAME=None, OS_PROJECT_DOMAIN_NAME=None)
    status, out, err = openstack.run("--os-system-scope all token issue -f json".split(), **nowhere)
    score.check("a system token names no project",
                status == 0 and "project_id" not in json.loads(out), err)
    openstack("token revoke", token["id"])
    again = openstack.refused("--os-auth-type token token issue", OS_TOKEN=token["id"],
                              OS_USERNAME=None, OS_PASSWORD=None, OS_USER_DOMAIN_NAME=None)
    score.check("a revoked token logs nobody in", again)
    score.check("a wrong password is refused",
                openstack.refused("token issue", OS_PASSWORD="certainly-wrong"))


def domains(score, openstack, cloud):
    made = openstack("domain create osc-domain --description", "for tests")
    score.equal("domain create", (made["name"], made["enabled"]), ("osc-domain", True))
    openstack("domain set osc-domain --description changed --disable")
    shown = openstack("domain show osc-domain")
    score.equal("domain set and show", (shown["description"], shown["enabled"]), ("changed", False))
    score.check("domain list", "osc-domain" in names(openstack("domain list")))
    score.equal("domain list by name",
                names(openstack("domain list --name osc-domain")), {"osc-domain"})
    openstack("domain delete osc-domain")
    score.check("a deleted domain is gone", openstack.refused("domain show osc-domain"))


def projects(score, openstack, cloud):
    parent = openstack("project create osc-parent --tag red --tag blue --property cost=5")
    score.equal("project create with tags", sorted(parent["tags"]), ["blue", "red"])
    child = openstack("project create osc-child --parent osc-parent")
    score.equal("project create with parent", child["parent_id"], parent["id"])
    openstack("project set osc-child --description leaf --tag green --name osc-leaf")
    shown = openstack("project show osc-leaf --parents")
    score.equal("project set and show", (shown["description"], shown["tags"]), ("leaf", ["green"]))
    score.check("project show --parents", parent["id"] in json.dumps(shown["parents"]))
    score.check("project show --children", child["id"] in
                json.dumps(openstack("project show osc-parent --children")["subtree"]))
    openstack("project set osc-leaf --disable")
    score.equal("project set --disable", openstack("project show osc-leaf")["enabled"], False)
    rows = openstack("project list --long --tags red")
    score.equal("project list by tag", names(rows), {"osc-parent"})
    rows = openstack("project list --parent osc-parent")
    score.equal("project list by parent", names(rows), {"osc-leaf"})
    score.check("project list --my-projects",
                "admin" in names(openstack("project list --my-projects")))
    score.check("a project with children stays",
                openstack.refused("project delete osc-parent"))
    score.check("a second one of the name is refused",
                openstack.refused("project create osc-parent"))
    openstack("project delete osc-leaf")
    openstack("project delete osc-parent")
    score.check("a deleted project is gone", openstack.refused("project show osc-parent"))


def users(score, openstack, cloud):
    openstack("project create osc-home")
    made = openstack("user create osc-user --password first-secret --email u@example.org"
                     " --project osc-home --description", "a user")
    score.equal("user create", (made["name"], made["email"], made["enabled"]),
                ("osc-user", "u@example.org", True))
    score.check("no answer shows the password", "first-secret" not in json.dumps(made))
    openstack("user set osc-user --email new@example.org --disable")
    shown = openstack("user show osc-user")
    score.equal("user set and show", (shown["email"], shown["enabled"]), ("new@example.org", False))
    openstack("user set osc-user --enable --name osc-user2")
    score.check("user list", "osc-user2" in names(openstack("user list --long")))
    openstack("role add --project osc-home --user osc-user2 member")
    score.equal("user list by project",
                names(openstack("user list --project osc-home")), {"osc-user2"})
    home = dict(OS_USERNAME="osc-user2", OS_PASSWORD="first-secret", OS_PROJECT_NAME="osc-home")
    score.equal("the user logs in", openstack.run(["token", "issue"], **home)[0], 0)
    score.check("the user may not list users", openstack.refused("user list", **home))
    status, _, err = openstack.run(["user", "password", "set", "--password", "second-secret",
                                    "--original-password", "first-secret"], **home)
    score.check("user password set", status == 0, err[-300:])
    score.check("the old password is refused", openstack.refused("token issue", **home))
    home["OS_PASSWORD"] = "second-secret"
    score.equal("the new password works", openstack.run(["token", "issue"], **home)[0], 0)
    openstack("user set osc-user2 --password third-secret")
    score.check("an administrator's reset ends the password",
                openstack.refused("token issue", **home))
    home["OS_PASSWORD"] = "third-secret"
    score.equal("and sets the new one", openstack.run(["token", "issue"], **home)[0], 0)
    score.check("a second one of the name is refused", openstack.refused("user create osc-user2"))
    openstack("user delete osc-user2")
    score.check("a deleted user is gone", openstack.refused("user show osc-user2"))
    openstack("project delete osc-home")


def groups(score, openstack, cloud):
    made = openstack("group create osc-group --description", "a group")
    score.equal("group create", made["description"], "a group")
    openstack("user create osc-one")
    openstack("user create osc-two")
    openstack("group add user osc-group osc-one osc-two")
    status, out, _ = openstack.run("group contains user osc-group osc-one".split())
    score.check("group contains user", status == 0 and "osc-one in group" in out, out)
    score.equal("user list by group",
                names(openstack("user list --group osc-group")), {"osc-one", "osc-two"})
    score.equal("group list by user",
                names(openstack("group list --user osc-one")), {"osc-group"})
    openstack("group remove user osc-group osc-two")
    status, out, err = openstack.run("group contains user osc-group osc-two".split())
    score.check("group remove user", "not in group" in out + err, out + err)
    openstack("group set osc-group --name osc-team --description changed")
    score.equal("group set and show",
                openstack("group show osc-team")["description"], "changed")
    score.check("group list", "osc-team" in names(openstack("group list --long")))
    openstack("group delete osc-team")
    score.check("a deleted group is gone", openstack.refused("group show osc-team"))
    openstack("user delete osc-one osc-two")


def roles(score, openstack, cloud):
    made = openstack("role create osc-role --description", "a role")
    score.equal("role create", (made["name"], made["description"]), ("osc-role", "a role"))
    openstack("domain create osc-roles")
    local = openstack("role create osc-local --domain osc-roles")
    score.check("role create in a domain", local["domain_id"])
    openstack("role set osc-role --name osc-role2 --description changed")
    score.equal("role set and show", openstack("role show osc-role2")["description"], "changed")
    listed = names(openstack("role list"))
    score.check("role list shows the global ones", "osc-role2" in listed
                and "osc-local" not in listed, str(listed))
    score.equal("role list by domain",
                names(openstack("role list --domain osc-roles")), {"osc-local"})
    rule = openstack("implied role create osc-role2 --implied-role reader")
    score.check("implied role create", rule["implies"] and rule["prior_role"])
    rows = openstack("implied role list")
    score.check("implied role list",
                ("osc-role2", "reader") in {(r["Prior Role Name"], r["Implied Role Name"])
                                            for r in rows})
    status, _, err = openstack.run("implied role delete osc-role2 --implied-role reader".split())
    score.check("implied role delete", status == 0, err)
    openstack("role delete osc-role2")
    openstack("role delete --domain osc-roles osc-local")
    score.check("a deleted role is gone", openstack.refused("role show osc-role2"))
    openstack("domain set osc-roles --disable")
    openstack("domain delete osc-roles")


def grants(score, openstack, cloud):
    openstack("domain create osc-grants")
    openstack("project create osc-place --domain osc-grants")
    user = openstack("user create osc-grantee --domain osc-grants")
    group = openstack("group create osc-grantees --domain osc-grants")
    openstack("group add user osc-grantees osc-grantee")
    scopes = {"project": ["--project", "osc-place"], "domain": ["--domain", "osc-grants"],
              "system": ["--system", "all"]}
    actors = {"user": ["--user", user["id"]], "group": ["--group", group["id"]]}

    def assignments(*words):
        return openstack("role assignment list --names", *words)

    for scope, place in scopes.items():
        for actor, who in actors.items():
            openstack("role add member", *place, *who)
            rows = assignments(*place, *who)
            score.equal(f"role add for a {actor} on a {scope}",
                        [row["Role"] for row in rows], ["member"])
            openstack("role remove member", *place, *who)
            score.equal(f"role remove for a {actor} on a {scope}", assignments(*place, *who), [])
    place = scopes["project"]
    openstack("role add member", *place, *actors["group"])
    rows = openstack("role assignment list --effective --names", *actors["user"], *place)
    score.equal("role assignment list --effective expands groups and implied roles",
                {row["Role"] for row in rows}, {"member", "reader"})
    score.check("and names who and where", rows[0]["User"] == "osc-grantee@osc-grants"
                and rows[0]["Project"] == "osc-place@osc-grants", str(rows[:1]))
    openstack("role add --inherited reader", *scopes["domain"], *actors["user"])
    rows = openstack("role assignment list --inherited", *actors["user"])
    score.equal("role add --inherited", [row["Inherited"] for row in rows], [True])
    rows = openstack("role assignment list --effective --names", *actors["user"])
    score.check("an inherited role reaches the project",
                ("reader", "osc-place@osc-grants") in {(r["Role"], r["Project"]) for r in rows})
    openstack("role remove --inherited reader", *scopes["domain"], *actors["user"])
    score.equal("role remove --inherited",
                openstack("role assignment list --inherited", *actors["user"]), [])
    rows = openstack("role assignment list --role admin --names")
    score.check("role assignment list by role",
                {"admin"} == {row["Role"] for row in rows}, str(rows))
    openstack("domain set osc-grants --disable")
    openstack("domain delete osc-grants")


def services(score, openstack, cloud):
    made = openstack("service create osc-type --name osc-service --description", "a service")
    score.equal("service create", (made["type"], made["enabled"]), ("osc-type", True))
    openstack("service set osc-service --description changed")
    score.equal("service set and show",
                openstack("service show osc-service")["description"], "changed")
    score.check("service list", "osc-service" in names(openstack("service list --long")))
    openstack("region create osc-region --description", "a region")
    openstack("region create osc-inner --parent-region osc-region")
    openstack("region set osc-inner --description changed")
    shown = openstack("region show osc-inner")
    score.equal("region create, set and show",
                (shown["description"], shown["parent_region"]), ("changed", "osc-region"))
    rows = openstack("region list --parent-region osc-region")
    score.equal("region list by parent", {row["Region"] for row in rows}, {"osc-inner"})
    end = openstack("endpoint create --region osc-region osc-service public"
                    " http://osc.example.org/%(project_id)s")
    score.equal("endpoint create", (end["interface"], end["region_id"]), ("public", "osc-region"))
    openstack("endpoint set --url http://osc.example.org/v9/%(project_id)s", end["id"])
    score.equal("endpoint set and show", openstack("endpoint show", end["id"])["url"],
                "http://osc.example.org/v9/%(project_id)s")
    rows = openstack("endpoint list --service osc-service --interface public")
    score.equal("endpoint list", [row["ID"] for row in rows], [end["id"]])
    rows = openstack("catalog list")
    score.check("catalog list", {"osc-service"} <= names(rows))
    entry = openstack("catalog show osc-service")
    project = openstack("project show admin")["id"]
    score.equal("catalog show substitutes the project",
                [e["url"] for e in entry["endpoints"]], [f"http://osc.example.org/v9/{project}"])
    openstack("endpoint delete", end["id"])
    openstack("service delete osc-service")
    openstack("region delete osc-inner")
    openstack("region delete osc-region")
    score.check("a deleted service is gone", openstack.refused("service show osc-service"))
    score.check("a deleted region is gone", openstack.refused("region show osc-region"))
    score.check("a deleted endpoint is gone", openstack.refused("endpoint show", end["id"]))


def credentials(score, openstack, cloud):
    openstack("user create osc-keeper --password x")
    made = openstack("credential create --type cert osc-keeper", "a certificate")
    score.equal("credential create", (made["type"], made["blob"], made["project_id"]),
                ("cert", "a certificate", None))
    shown = openstack("credential show", made["id"])
    score.equal("credential show", shown["blob"], "a certificate")
    rows = openstack("credential list --user osc-keeper --type cert")
    score.equal("credential list by user and type", [row["ID"] for row in rows], [made["id"]])
    score.equal("credential list by another type",
                openstack("credential list --user osc-keeper --type totp"), [])
    pair = openstack("credential create --type ec2 --project admin osc-keeper",
                     '{"access": "osc", "secret": "s"}')
    score.check("a key pair has a project", pair["project_id"])
    # The command sends the owner and the type as well, which since 30.0.0 nobody may.
    score.check("credential set is refused", openstack.refused(
        "credential set --user osc-keeper --type cert --data changed", made["id"]))
    openstack("credential delete", made["id"], pair["id"])
    score.check("a deleted credential is gone", openstack.refused("credential show", made["id"]))
    openstack("user delete osc-keeper")


def ec2_credentials(score, openstack, cloud):
    made = openstack("ec2 credentials create")
    score.check("ec2 credentials create", made["access"] and made["secret"])
    shown = openstack("ec2 credentials show", made["access"])
    score.equal("ec2 credentials show", (shown["secret"], shown["project_id"]),
                (made["secret"], made["project_id"]))
    score.check("ec2 credentials list", made["access"] in
                {row["Access"] for row in openstack("ec2 credentials list")})
    token = openstack("token issue")["id"]
    body = signing.signed_request(made["access"], made["secret"])
    answer = call("POST", f"{cloud.auth_url}/ec2tokens", body, {"X-Auth-Token": token})
    score.equal("a request that is signed with it is known", answer.status, 200)
    answer = call("POST", f"{cloud.auth_url}/s3tokens",
                  signing.signed_object(made["access"], made["secret"]), {"X-Auth-Token": token})
    score.equal("an object store's too", answer.status, 200)
    openstack("ec2 credentials delete", made["access"])
    score.check("a deleted key pair is gone",
                openstack.refused("ec2 credentials show", made["access"]))
    answer = call("POST", f"{cloud.auth_url}/ec2tokens", body, {"X-Auth-Token": token})
    score.equal("and signs nothing any more", answer.status, 404)


def policies(score, openstack, cloud):
    with file_of('{"rule": "role:admin"}') as rules:
        made = openstack("policy create --type application/json", rules)
    score.equal("policy create", made["type"], "application/json")
    score.check("policy list", made["id"] in {row["ID"] for row in openstack("policy list")})
    with file_of('{"rule": "!"}') as rules:
        openstack("policy set --rules", rules, made["id"])
    score.equal("policy set and show",
                json.loads(openstack("policy show", made["id"])["rules"]), {"rule": "!"})
    openstack("policy delete", made["id"])
    score.check("a deleted policy is gone", openstack.refused("policy show", made["id"]))


def endpoint_filter(score, openstack, cloud):
    openstack("project create osc-filtered")
    openstack("service create osc-filter-type --name osc-filter")
    end = openstack("endpoint create osc-filter public http://osc.example.org/")["id"]
    openstack("endpoint add project", end, "osc-filtered")
    rows = openstack("endpoint list --project osc-filtered")
    score.equal("endpoint add project", [row["ID"] for row in rows], [end])
    rows = openstack("endpoint list --endpoint", end)
    score.check("endpoint list --endpoint", len(rows) == 1, str(rows))
    openstack("endpoint remove project", end, "osc-filtered")
    score.equal("endpoint remove project", openstack("endpoint list --project osc-filtered"), [])
    with file_of('{"interface": "public"}') as filters:
        group = openstack("endpoint group create osc-group", filters)
    score.equal("endpoint group create", group["filters"], {"interface": "public"})
    with file_of('{"interface": "public"}') as filters:
        # The command sends null for what it is not told, which the schema refuses.
        openstack("endpoint group set --name osc-group --description changed --filters", filters,
                  group["id"])
    score.equal("endpoint group set and show",
                openstack("endpoint group show", group["id"])["description"], "changed")
    openstack("endpoint group add project", group["id"], "osc-filtered")
    rows = openstack("endpoint group list --project osc-filtered")
    score.equal("endpoint group add project", [row["ID"] for row in rows], [group["id"]])
    rows = openstack("endpoint group list --endpointgroup", group["id"])
    score.check("endpoint group list --endpointgroup", len(rows) == 1, str(rows))
    openstack("endpoint group remove project", group["id"], "osc-filtered")
    score.equal("endpoint group remove project",
                openstack("endpoint group list --project osc-filtered"), [])
    openstack("endpoint group delete", group["id"])
    openstack("service delete osc-filter")
    openstack("project delete osc-filtered")


def versions(score, openstack, cloud):
    rows = openstack("versions show --service identity")
    score.check("versions show", any(row["Version"].startswith("3.") for row in rows), str(rows))
