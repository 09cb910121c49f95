"""python-keystoneclient's `v2_0`: the library that v2.0's dashboards and scripts were written with."""

import warnings

import keystoneclient.exceptions as errors
from keystoneclient.v2_0.client import Client

PASSWORD = "old-client-secret"


def connect(cloud, username, password, **how):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Client(username=username, password=password, auth_url=cloud.v2, **how)


def refused(kind, call, *arguments, **how):
    """Whether the call is refused with this exception."""
    try:
        call(*arguments, **how)
    except kind:
        return True
    return False


def run(score, cloud):
    warnings.simplefilter("ignore")
    admin = connect(cloud, cloud.username, cloud.password, tenant_name="admin")
    for section, checks in (("sessions", sessions), ("tenants", tenants), ("users", users),
                            ("roles", roles), ("services and endpoints", catalog),
                            ("tokens", tokens), ("EC2 credentials", ec2)):
        with score.section(f"keystoneclient.v2_0 {section}"):
            checks(score, cloud, admin)


def sessions(score, cloud, admin):
    score.check("the login names user and tenant",
                admin.auth_user_id and admin.auth_tenant_id and admin.tenant_name == "admin")
    score.check("the catalog leads to v2.0", admin.management_url.endswith("/v2.0"))
    names = [extension.alias for extension in admin.extensions.list()]
    score.check("the admin listener has OS-KSADM", "OS-KSADM" in names, names)
    unscoped = connect(cloud, cloud.username, cloud.password)
    score.equal("without a tenant, the own tenants are listed",
                [tenant.name for tenant in unscoped.tenants.list()], ["admin"])
    score.check("a wrong password is Unauthorized",
                refused(errors.Unauthorized, connect, cloud, cloud.username, "wrong",
                        tenant_name="admin"))


def tenants(score, cloud, admin):
    made = admin.tenants.create("old-tenant", description="first", enabled=True, colour="red")
    try:
        score.equal("a created tenant has what was sent",
                    (made.name, made.description, made.enabled, made.colour),
                    ("old-tenant", "first", True, "red"))
        score.equal("it is found by id", admin.tenants.get(made.id).name, "old-tenant")
        score.equal("it is found by name", admin.tenants.find(name="old-tenant").id, made.id)
        updated = admin.tenants.update(made.id, description="second", enabled=False)
        score.equal("it is updated", (updated.description, updated.enabled), ("second", False))
        everything = [tenant.id for tenant in admin.tenants.list()]
        first = [tenant.id for tenant in admin.tenants.list(limit=1)]
        rest = [tenant.id for tenant in admin.tenants.list(marker=first[0])]
        score.equal("pages make up the list", first + rest, everything)
        score.check("a taken name is Conflict",
                    refused(errors.Conflict, admin.tenants.create, "old-tenant"))
    finally:
        admin.tenants.delete(made.id)
    score.check("a deleted tenant is NotFound", refused(errors.NotFound, admin.tenants.get, made.id))


def users(score, cloud, admin):
    one = admin.tenants.create("old-one")
    two = admin.tenants.create("old-two")
    user = admin.users.create("old-user", password=PASSWORD, email="old@example.test",
                              tenant_id=one.id)
    try:
        score.equal("a created user has what was sent",
                    (user.name, user.username, user.email, user.tenantId, user.enabled),
                    ("old-user", "old-user", "old@example.test", one.id, True))
        score.equal("its tenant lists it", [u.id for u in admin.tenants.list_users(one.id)],
                    [user.id])
        score.equal("it is a member", [r.name for r in admin.roles.roles_for_user(user, one)],
                    ["_member_"])
        score.check("it is in the list", user.id in [u.id for u in admin.users.list()])
        changed = admin.users.update(user.id, name="old-user", email="new@example.test")
        score.equal("it is updated", admin.users.get(changed.id).email, "new@example.test")
        admin.users.update_tenant(user.id, two.id)
        score.equal("its membership moves",
                    ([u.id for u in admin.tenants.list_users(one.id)],
                     [u.id for u in admin.tenants.list_users(two.id)]), ([], [user.id]))
        client = connect(cloud, "old-user", PASSWORD, tenant_name="old-two")
        score.check("it may not administrate", refused(errors.Forbidden, client.users.list))
        own_password(score, cloud, client)
        admin.users.update_password(user.id, PASSWORD)
        connect(cloud, "old-user", PASSWORD)
        score.ok("an administrator sets its password")
        admin.users.update_enabled(user.id, False)
        score.check("disabled, it is Unauthorized",
                    refused(errors.Unauthorized, connect, cloud, "old-user", PASSWORD))
    finally:
        admin.users.delete(user.id)
        admin.tenants.delete(one.id)
        admin.tenants.delete(two.id)
    score.check("a deleted user is NotFound", refused(errors.NotFound, admin.users.get, user.id))


def own_password(score, cloud, client):
    before = client.auth_token
    answer = client.users.update_own_password(PASSWORD, "its-own-choice")
    # The token of the answer belongs to the second after the change.
    score.check("changing the own password gives a new token", answer.token["id"] != before)
    connect(cloud, "old-user", "its-own-choice")
    score.ok("the own password is changed")
    score.check("with a wrong one it is Unauthorized",
                refused(errors.Unauthorized, client.users.update_own_password, "wrong", "other"))


def roles(score, cloud, admin):
    tenant = admin.tenants.create("old-place")
    user = admin.users.create("old-holder", password=PASSWORD)
    role = admin.roles.create("old-role")
    try:
        score.equal("a created role is found", admin.roles.get(role.id).name, "old-role")
        score.check("it is in the list", role.id in [r.id for r in admin.roles.list()])
        admin.roles.add_user_role(user, role, tenant)
        score.equal("it is given", [r.id for r in admin.roles.roles_for_user(user, tenant)],
                    [role.id])
        score.check("once only",
                    refused(errors.Conflict, admin.roles.add_user_role, user, role, tenant))
        client = connect(cloud, "old-holder", PASSWORD, tenant_name="old-place")
        score.equal("the login shows it", client.auth_ref.role_names, ["old-role"])
        admin.roles.remove_user_role(user, role, tenant)
        score.equal("it is taken", admin.roles.roles_for_user(user, tenant), [])
        score.check("and the login is Unauthorized",
                    refused(errors.Unauthorized, connect, cloud, "old-holder", PASSWORD,
                            tenant_name="old-place"))
    finally:
        admin.roles.delete(role.id)
        admin.users.delete(user.id)
        admin.tenants.delete(tenant.id)
    score.check("a deleted role is NotFound", refused(errors.NotFound, admin.roles.get, role.id))


def catalog(score, cloud, admin):
    service = admin.services.create("old-swift", "old-object-store", "Objects")
    try:
        score.equal("a created service has what was sent",
                    (service.name, service.type, service.description),
                    ("old-swift", "old-object-store", "Objects"))
        score.equal("it is found", admin.services.get(service.id).name, "old-swift")
        score.check("it is in the list", service.id in [s.id for s in admin.services.list()])
        made = admin.endpoints.create("OldRegion", service.id, "http://swift.test/$(tenant_id)s",
                                      adminurl="http://swift.test/admin", internalurl=None)
        listed = next(e for e in admin.endpoints.list() if e.id == made.id)
        score.equal("its endpoint is listed", (listed.region, listed.publicurl, listed.adminurl),
                    ("OldRegion", "http://swift.test/$(tenant_id)s", "http://swift.test/admin"))
        again = connect(cloud, cloud.username, cloud.password, tenant_name="admin")
        found = again.service_catalog.url_for(service_type="old-object-store",
                                              endpoint_type="publicURL")
        score.equal("the catalog has it, filled in", found,
                    f"http://swift.test/{again.auth_tenant_id}")
        admin.endpoints.delete(made.id)
        score.check("a deleted endpoint is gone",
                    made.id not in [e.id for e in admin.endpoints.list()])
    finally:
        admin.services.delete(service.id)
    score.check("a deleted service is NotFound",
                refused(errors.NotFound, admin.services.get, service.id))


def tokens(score, cloud, admin):
    token = admin.tokens.authenticate(username=cloud.username, password=cloud.password,
                                      tenant_name="admin")
    score.equal("a token names its tenant", token.tenant["name"], "admin")
    other = admin.tokens.authenticate(token=token.id, tenant_id=token.tenant["id"])
    score.check("a token gives another", other.id != token.id and other.expires == token.expires)
    seen = admin.tokens.get_token_data(other.id)["access"]
    score.equal("it validates as it was given", (seen["token"]["id"], seen["user"]["name"]),
                (other.id, cloud.username))
    score.equal("it validates", admin.tokens.validate(other.id).user["username"], cloud.username)
    admin.tokens.delete(other.id)
    score.check("deleted, it is NotFound", refused(errors.NotFound, admin.tokens.validate, other.id))
    score.check("the first is as good as before", admin.tokens.validate(token.id))


def ec2(score, cloud, admin):
    user, tenant = admin.auth_user_id, admin.auth_tenant_id
    made = admin.ec2.create(user, tenant)
    score.equal("a created credential has 32 digits each",
                (len(made.access), len(made.secret), made.tenant_id), (32, 32, tenant))
    score.equal("it is listed", [c.access for c in admin.ec2.list(user)], [made.access])
    score.equal("it is found", admin.ec2.get(user, made.access).secret, made.secret)
    admin.ec2.delete(user, made.access)
    score.check("deleted, it is NotFound",
                refused(errors.NotFound, admin.ec2.get, user, made.access))
