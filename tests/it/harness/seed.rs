//! The rows of a new installation, written straight into the database.

use keystone::crypto::password::{Algorithm, HashParameters, hash};
use keystone::driver::sql::db::{Db, sql};
use keystone::model::Timestamp;

/// The password of every seeded user.
pub const ADMIN_PASSWORD: &str = "correct horse";

/// Ids of what is seeded.
#[derive(Clone, Debug)]
pub struct Seed {
    pub user_id: String,
    pub project_id: String,
    /// Ids of admin, manager, member, reader and service, in this order.
    pub role_ids: Vec<(&'static str, String)>,
    pub service_id: String,
}

const ROLES: [&str; 5] = ["admin", "manager", "member", "reader", "service"];

impl Seed {
    /// The id of a seeded role.
    pub fn role(&self, name: &str) -> &str {
        let found = self.role_ids.iter().find(|(role, _)| *role == name);
        &found.unwrap_or_else(|| panic!("no seeded role {name}")).1
    }

    /// Domain Default, project and user admin, the default roles with their implications, and the
    /// identity service with one endpoint of each interface.
    pub async fn plant(db: &Db, now: Timestamp) -> Self {
        let seed = Self {
            user_id: new_id(),
            project_id: new_id(),
            role_ids: ROLES.into_iter().map(|role| (role, new_id())).collect(),
            service_id: new_id(),
        };
        let planted = &seed;
        db.transaction(|s| {
            Box::pin(async move {
                const PROJECT: &str = "INSERT INTO project (id, name, extra, description, enabled, domain_id, \
                     parent_id, is_domain) VALUES (?, ?, '{}', ?, ?, ?, ?, ?)";
                s.execute(
                    sql(PROJECT)
                        .bind("default")
                        .bind("Default")
                        .bind("The default domain")
                        .bind(true)
                        .bind("<<keystone.domain.root>>")
                        .bind(None::<&str>)
                        .bind(true),
                )
                .await?;
                s.execute(
                    sql(PROJECT)
                        .bind(&planted.project_id)
                        .bind("admin")
                        .bind("The admin project")
                        .bind(true)
                        .bind("default")
                        .bind(Some("default"))
                        .bind(false),
                )
                .await?;
                for (name, id) in &planted.role_ids {
                    s.execute(
                        sql("INSERT INTO role (id, name, extra, domain_id) VALUES (?, ?, '{}', '<<null>>')")
                            .bind(id)
                            .bind(*name),
                    )
                    .await?;
                }
                for (prior, implied) in [("admin", "manager"), ("manager", "member"), ("member", "reader")] {
                    s.execute(
                        sql("INSERT INTO implied_role (prior_role_id, implied_role_id) VALUES (?, ?)")
                            .bind(planted.role(prior))
                            .bind(planted.role(implied)),
                    )
                    .await?;
                }
                insert_user(s, &planted.user_id, "admin", now).await?;
                grant(s, &planted.user_id, &planted.project_id, planted.role("admin")).await?;
                s.execute(
                    sql("INSERT INTO system_assignment (type, actor_id, target_id, role_id, inherited) \
                         VALUES ('UserSystem', ?, 'system', ?, ?)")
                    .bind(&planted.user_id)
                    .bind(planted.role("admin"))
                    .bind(false),
                )
                .await?;
                s.execute(sql("INSERT INTO region (id, description, extra) VALUES ('RegionOne', '', '{}')")).await?;
                s.execute(
                    sql("INSERT INTO service (id, type, enabled, extra) VALUES (?, 'identity', ?, ?)")
                        .bind(&planted.service_id)
                        .bind(true)
                        .bind(r#"{"name": "keystone"}"#),
                )
                .await?;
                for interface in ["public", "internal", "admin"] {
                    s.execute(
                        sql("INSERT INTO endpoint (id, interface, service_id, url, extra, enabled, region_id) \
                             VALUES (?, ?, ?, 'http://keystone.test/v3', '{}', ?, 'RegionOne')")
                        .bind(new_id())
                        .bind(interface)
                        .bind(&planted.service_id)
                        .bind(true),
                    )
                    .await?;
                }
                Ok(())
            })
        })
        .await
        .expect("the seed takes");
        seed
    }

    /// A user of the default domain with a new project and a role on it. Returns both ids.
    pub async fn add_user_with_role(
        &self,
        db: &Db,
        name: &str,
        role: &str,
        now: Timestamp,
    ) -> (String, String) {
        let (user_id, project_id) = (new_id(), new_id());
        let (user, project, role) = (&user_id, &project_id, self.role(role));
        db.transaction(|s| {
            Box::pin(async move {
                s.execute(
                    sql("INSERT INTO project (id, name, extra, description, enabled, domain_id, parent_id, \
                         is_domain) VALUES (?, ?, '{}', '', ?, 'default', 'default', ?)")
                    .bind(project)
                    .bind(format!("{name}-project"))
                    .bind(true)
                    .bind(false),
                )
                .await?;
                insert_user(s, user, name, now).await?;
                grant(s, user, project, role).await
            })
        })
        .await
        .expect("the persona takes");
        (user_id, project_id)
    }
}

type Session = keystone::driver::sql::db::Session;

async fn insert_user(
    s: &mut Session,
    id: &str,
    name: &str,
    now: Timestamp,
) -> keystone::Result<()> {
    s.execute(
        sql(r#"INSERT INTO "user" (id, extra, enabled, created_at, domain_id) VALUES (?, '{}', ?, ?, 'default')"#)
            .bind(id)
            .bind(true)
            .bind(now),
    )
    .await?;
    s.execute(
        sql("INSERT INTO local_user (domain_id, user_id, name) VALUES ('default', ?, ?)")
            .bind(id)
            .bind(name),
    )
    .await?;
    let row = s
        .fetch_one(sql("SELECT id FROM local_user WHERE user_id = ?").bind(id))
        .await?;
    let mut parameters = HashParameters::new(Algorithm::Bcrypt);
    parameters.rounds = Some(4);
    s.execute(
        sql("INSERT INTO password (local_user_id, self_service, password_hash, created_at_int, created_at) \
             VALUES (?, ?, ?, ?, ?)")
        .bind(row.int("id")?)
        .bind(false)
        .bind(hash(&parameters, ADMIN_PASSWORD)?)
        .bind(now.micros())
        .bind(now),
    )
    .await?;
    Ok(())
}

async fn grant(s: &mut Session, user: &str, project: &str, role: &str) -> keystone::Result<()> {
    s.execute(
        sql(
            "INSERT INTO assignment (type, actor_id, target_id, role_id, inherited) \
             VALUES ('UserProject', ?, ?, ?, ?)",
        )
        .bind(user)
        .bind(project)
        .bind(role)
        .bind(false),
    )
    .await?;
    Ok(())
}

fn new_id() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}
