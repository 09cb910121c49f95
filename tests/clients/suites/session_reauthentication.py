"""keystoneauth's session: it must notice a token that ended, and log in again once."""

from keystoneauth1 import exceptions, session
from keystoneauth1.identity import v3

from kit.http import call


def run(score, cloud):
    with score.section("keystoneauth session"):
        plugin = v3.Password(auth_url=cloud.auth_url, username=cloud.username,
                             password=cloud.password, user_domain_name="Default",
                             project_name="admin", project_domain_name="Default")
        keystone = session.Session(auth=plugin)
        first = keystone.get_token()
        score.check("logs in", first)
        score.equal("keeps its token", keystone.get_token(), first)
        found = keystone.get_endpoint(service_type="identity", interface="public")
        score.check("finds the identity endpoint in the catalog", found.startswith("http"), found)
        data = plugin.get_discovery(keystone, cloud.auth_url)
        score.check("reads the version document", data.data_for("3"))

        revoked = call("DELETE", f"{cloud.base}/v3/auth/tokens",
                       headers={"X-Auth-Token": first, "X-Subject-Token": first})
        score.equal("its token is revoked behind its back", revoked.status, 204)
        raw = call("GET", f"{cloud.base}/v3/auth/projects", headers={"X-Auth-Token": first})
        score.equal("a revoked token is answered 401", raw.status, 401)
        score.check("with WWW-Authenticate", raw.header("WWW-Authenticate"))
        answer = keystone.get(f"{cloud.base}/v3/auth/projects")
        score.equal("the session logs in again by itself", answer.status_code, 200)
        second = keystone.get_token()
        score.check("with a new token", second and second != first)
        keystone.invalidate()
        score.check("invalidate asks for a third", keystone.get_token() not in (first, second))

        wrong = v3.Password(auth_url=cloud.auth_url, username=cloud.username, password="wrong",
                            user_domain_name="Default")
        try:
            session.Session(auth=wrong).get_token()
            score.fail("a wrong password raises Unauthorized")
        except exceptions.Unauthorized:
            score.ok("a wrong password raises Unauthorized")
        rescoped = session.Session(auth=v3.Token(auth_url=cloud.auth_url,
                                                 token=keystone.get_token(),
                                                 system_scope="all"))
        score.equal("a token logs in for the system",
                    rescoped.get(f"{cloud.base}/v3/services").status_code, 200)
