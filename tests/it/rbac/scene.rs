//! The scene on which policy is asked: the personas of `rbac.json`, and what its steps make.

use super::area;
use super::tables::Tables;
use crate::harness::{ADMIN_PASSWORD, Answer, Scene, new_user};
use crate::routes;
use axum::http::Method;
use keystone::crypto::password::{Algorithm, HashParameters, hash};
use keystone::driver::sql::db::{Session, sql};
use keystone::driver::sql::identity::{self, NewPassword};
use keystone::model::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

#[derive(Deserialize)]
struct Golden {
    target_keys: Vec<String>,
    personas: Vec<Persona>,
    steps: Vec<Step>,
    cases: Vec<Case>,
}

/// Somebody with a role, or none, for a scope.
#[derive(Clone, Deserialize)]
struct Persona {
    name: String,
    user: String,
    home: String,
    role: Option<String>,
    scope: Value,
}

/// A request that furnishes the scene; left out while its operation is not served.
#[derive(Deserialize)]
struct Step {
    #[serde(rename = "as")]
    caller: String,
    method: String,
    path: String,
    body: Option<Value>,
    /// Names, and pointers to where their values stand in the answer.
    #[serde(default)]
    capture: BTreeMap<String, String>,
}

/// One call and what each persona is to get.
#[derive(Clone, Deserialize)]
pub struct Case {
    /// `METHOD /path/{template}`
    pub call: String,
    pub rule: String,
    args: BTreeMap<String, String>,
    #[serde(default)]
    pub query: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    pub body: Option<Value>,
    answers: BTreeMap<String, u16>,
    /// The status of HEAD where GET answers 200.
    #[serde(skip, default = "ok")]
    pub head: u16,
    /// Whether HEAD asks another rule, and so has cases of its own.
    #[serde(skip)]
    pub head_differs: bool,
}

fn ok() -> u16 {
    200
}

impl Case {
    pub fn name(&self) -> String {
        format!("{} ({})", self.call, self.rule)
    }

    pub fn expected(&self, caller: &str) -> u16 {
        self.answers[caller]
    }

    pub fn refuses(&self, caller: &str) -> bool {
        [401, 403].contains(&self.expected(caller))
    }

    pub fn writes(&self) -> bool {
        !self.call.starts_with("GET") && !self.call.starts_with("HEAD")
    }
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../golden/rbac.json")).expect("rbac.json")
}

/// Every case.
pub fn cases() -> Vec<Case> {
    golden().cases
}

pub struct PolicyScene {
    scene: Scene,
    golden: Golden,
    /// Values for `$name`.
    names: HashMap<String, String>,
    pub tables: Tables,
}

impl PolicyScene {
    pub async fn new() -> Self {
        Self::with_config("").await
    }

    pub async fn with_config(config: &str) -> Self {
        // Rows are put back behind the program's back, so it must not remember them.
        let config = format!("{config}[cache]\nenabled = false\n");
        let scene = Scene::with_config(&config).await;
        let golden = golden();
        plant(&scene, &golden.personas).await;
        let mut names = HashMap::new();
        for (role, id) in &scene.app.seed.role_ids {
            names.insert(format!("role_{role}"), id.clone());
        }
        names.insert("token_root".to_owned(), scene.admin.clone());
        for persona in &golden.personas {
            let token = scene.login(&persona.user, persona.scope.clone()).await;
            names.insert(format!("token_{}", persona.name), token);
        }
        let served = routes::served();
        for step in &golden.steps {
            let served = served.keys().any(|name| {
                name.split_once(' ').is_some_and(|(method, template)| {
                    method == step.method && matches_template(template, &step.path)
                })
            });
            if served {
                take(&scene, &mut names, step).await;
            }
        }
        let tables = Tables::remember(&scene.app.app.db).await;
        Self {
            scene,
            golden,
            names,
            tables,
        }
    }

    /// The cases of an area whose operations are served.
    pub fn cases_of(&self, wanted: &str) -> Vec<Case> {
        let served = routes::served();
        let heads = routes::head_statuses();
        let is_served = |call: &str| served.contains_key(&call.replace("HEAD", "GET"));
        let own_head = |call: &str| {
            let head = call.replacen("GET", "HEAD", 1);
            self.golden.cases.iter().any(|case| case.call == head)
        };
        let mut cases = Vec::new();
        for case in &self.golden.cases {
            let path = case.call.split(' ').nth(1).expect("METHOD /path");
            if is_served(&case.call) && area(path) == wanted {
                let mut case = case.clone();
                case.head = heads.get(path).copied().unwrap_or(200);
                case.head_differs = own_head(&case.call);
                cases.push(case);
            }
        }
        assert!(!cases.is_empty(), "no cases in {wanted}");
        cases
    }

    /// The first case of a call, if its operation is served.
    pub fn first_case(&self, call: &str) -> Option<Case> {
        let mut cases = self.golden.cases.iter();
        let case = cases.find(|case| case.call == call)?;
        routes::served().contains_key(call).then(|| case.clone())
    }

    /// Asks for a path as it is.
    pub async fn get(&self, path: &str, caller: &str) -> Answer {
        let token = &self.names[&format!("token_{caller}")];
        self.scene.app.get(path).token(token).send().await
    }

    /// The personas' names, and `anonymous`, who has no token.
    pub fn callers(&self) -> impl Iterator<Item = &str> {
        let names = self.golden.personas.iter().map(|it| it.name.as_str());
        std::iter::once("anonymous").chain(names)
    }

    pub async fn ask(&self, case: &Case, method: Method, caller: &str) -> Answer {
        let mut names = self.names.clone();
        if let Some(persona) = self.persona(caller) {
            names.insert("caller".to_owned(), persona.user.clone());
        }
        let mut path = case
            .call
            .split(' ')
            .nth(1)
            .expect("METHOD /path")
            .to_owned();
        for (name, value) in &case.args {
            path = path.replace(&format!("{{{name}}}"), value);
        }
        path = fill(&path, &names);
        if !case.query.is_empty() {
            path = format!("{path}?{}", fill(&case.query, &names));
        }
        let mut request = self.scene.app.request(method, &path);
        if let Some(token) = names.get(&format!("token_{caller}")) {
            request = request.token(token);
        }
        for (name, value) in &case.headers {
            request = request.header(name, &fill(value, &names));
        }
        if let Some(body) = &case.body {
            request = request.json(fill_json(body, &names));
        }
        request.send().await
    }

    fn persona(&self, name: &str) -> Option<&Persona> {
        self.golden.personas.iter().find(|it| it.name == name)
    }

    /// Every fact that a rule can ask of a target, as it would have to be for this caller.
    pub fn forged_facts(&self, caller: &str) -> Vec<(String, String)> {
        let persona = self.persona(caller).expect("a persona");
        let scope = |kind: &str| persona.scope[kind]["id"].as_str();
        let domain = scope("domain").unwrap_or(&persona.home);
        let value = |key: &str| match key {
            _ if key.ends_with("role.domain_id") => domain,
            _ if key.ends_with("domain_id") || key.ends_with("domain.id") => domain,
            _ if key.ends_with("project_id") || key.ends_with("project.id") => {
                scope("project").unwrap_or("top")
            }
            _ if key.ends_with("role.name") => "member",
            _ => &persona.user,
        };
        let mut facts: Vec<(String, String)> = (self.golden.target_keys.iter())
            .map(|key| (key.clone(), value(key).to_owned()))
            .collect();
        // What other programs of this kind take over from the request.
        for key in [
            "target.role.id",
            "is_admin",
            "is_admin_project",
            "roles",
            "system_scope",
        ] {
            facts.push((key.to_owned(), "admin".to_owned()));
        }
        facts
    }
}

/// Whether a path is an instance of a template.
fn matches_template(template: &str, path: &str) -> bool {
    let (template, path) = (template.split('/'), path.split('/'));
    template.clone().count() == path.clone().count()
        && template
            .zip(path)
            .all(|(wanted, given)| wanted.starts_with('{') || wanted == given)
}

async fn take(scene: &Scene, names: &mut HashMap<String, String>, step: &Step) {
    let method = step.method.parse().expect("a method");
    let mut request = scene.app.request(method, &fill(&step.path, names));
    request = request.token(&names[&format!("token_{}", step.caller)]);
    if let Some(body) = &step.body {
        request = request.json(fill_json(body, names));
    }
    let answer = request.send().await;
    let (status, body) = (answer.status, &answer.body);
    assert!(
        status < 300,
        "{} {}: {status} {body}",
        step.method,
        step.path
    );
    for (name, pointer) in &step.capture {
        let value = answer.json().pointer(pointer).cloned();
        let value = value.and_then(|value| value.as_str().map(str::to_owned));
        names.insert(
            name.clone(),
            value.unwrap_or_else(|| panic!("{pointer} of {body}")),
        );
    }
}

/// The text with `$name` replaced; a name that nobody captured stays, and names nothing.
fn fill(text: &str, names: &HashMap<String, String>) -> String {
    let mut parts = text.split('$');
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-')
            .unwrap_or(part.len());
        let (name, rest) = part.split_at(end);
        filled.push_str(names.get(name).map_or(name, String::as_str));
        filled.push_str(rest);
    }
    filled
}

fn fill_json(value: &Value, names: &HashMap<String, String>) -> Value {
    match value {
        Value::String(text) => json!(fill(text, names)),
        Value::Array(items) => items.iter().map(|item| fill_json(item, names)).collect(),
        Value::Object(members) => (members.iter())
            .map(|(key, member)| (key.clone(), fill_json(member, names)))
            .collect(),
        other => other.clone(),
    }
}

/// The personas as users with their roles.
async fn plant(scene: &Scene, personas: &[Persona]) {
    let app = &scene.app.app;
    let now = app.clock.now();
    let mut parameters = HashParameters::new(Algorithm::Bcrypt);
    parameters.rounds = Some(4);
    let hashed = hash(&parameters, ADMIN_PASSWORD).expect("a hash");
    let hashed = &hashed;
    app.db
        .transaction(|s| {
            Box::pin(async move {
                for persona in personas {
                    let role = persona.role.as_deref().map(|role| scene.role(role));
                    plant_one(s, persona, role, hashed, now).await?;
                }
                Ok(())
            })
        })
        .await
        .expect("the personas take");
}

async fn plant_one(
    s: &mut Session,
    persona: &Persona,
    role: Option<&str>,
    hashed: &str,
    now: Timestamp,
) -> keystone::Result<()> {
    let user = persona.user.as_str();
    // Some are of the scene already.
    if !["uma", "vic"].contains(&user) {
        identity::insert_user(s, &new_user(user, &persona.home, now)).await?;
        let password = NewPassword {
            hash: Some(hashed.into()),
            self_service: false,
            expires_at: None,
        };
        identity::add_password(s, &user.into(), &password, 1, now).await?;
    }
    let Some(role) = role else { return Ok(()) };
    const SYSTEM: &str = "INSERT INTO system_assignment (type, actor_id, target_id, role_id, inherited) \
         VALUES ('UserSystem', ?, ?, ?, ?)";
    const DOMAIN: &str = "INSERT INTO assignment (type, actor_id, target_id, role_id, inherited) \
         VALUES ('UserDomain', ?, ?, ?, ?)";
    const PROJECT: &str = "INSERT INTO assignment (type, actor_id, target_id, role_id, inherited) \
         VALUES ('UserProject', ?, ?, ?, ?)";
    let (statement, place) = match persona
        .scope
        .as_object()
        .and_then(|scope| scope.iter().next())
    {
        Some((kind, _)) if kind == "system" => (SYSTEM, "system"),
        Some((kind, of)) => {
            let statement = if kind == "domain" { DOMAIN } else { PROJECT };
            (statement, of["id"].as_str().expect("an id"))
        }
        None => return Ok(()),
    };
    let statement = sql(statement).bind(user).bind(place).bind(role).bind(false);
    s.execute(statement).await.map(drop)
}
