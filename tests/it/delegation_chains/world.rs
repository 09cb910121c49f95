//! A deployment, and everything that was made in it with where it comes from.

use crate::harness::delegation::{grant, role_names};
use crate::harness::oauth1::{Signer, TOKENS, consumer};
use crate::harness::{Answer, Scene};
use keystone::model::Timestamp;
use serde_json::{Value, json};

/// Roles that imply those before them. `uma` has the last on `top`, `vic` the second.
pub const LEVELS: [&str; 4] = ["reader", "member", "manager", "admin"];

/// The bytes of the secret in base32, of which passcodes are made.
pub const TOTP_SECRET: (&str, &[u8]) =
    ("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", b"12345678901234567890");

pub enum Thing {
    Token {
        text: String,
        user: String,
        delegated: bool,
    },
    Trust {
        id: String,
        trustee: String,
    },
    Credential {
        id: String,
        secret: String,
        user: String,
    },
    Access(Box<Signer>),
    Pair {
        access: String,
        secret: String,
    },
}

pub struct Node {
    pub thing: Thing,
    pub comes_from: Vec<usize>,
    /// `None` for what has no end.
    pub end: Option<Timestamp>,
    /// The highest role; `None` where nothing is said of roles.
    pub level: Option<usize>,
    pub withdrawn: bool,
}

pub struct World {
    pub scene: Scene,
    pub consumer: Signer,
    pub nodes: Vec<Node>,
}

impl World {
    pub async fn new() -> Self {
        let config = "[auth]\nmethods = password,token,application_credential,oauth1,\
                      ec2credential,totp\n[token]\nexpiration = 600\n";
        let scene = Scene::with_config(config).await;
        grant(&scene, "uma", "top", "admin").await;
        grant(&scene, "vic", "top", "member").await;
        for user in ["uma", "vic"] {
            let secret = json!({ "type": "totp", "blob": TOTP_SECRET.0, "user_id": user });
            let body = json!({ "credential": secret });
            scene.post("/v3/credentials", body).await.expect(201);
        }
        let consumer = consumer(&scene).await;
        let nodes = Vec::new();
        let mut world = Self {
            scene,
            consumer,
            nodes,
        };
        world.begin().await;
        world
    }

    pub fn size(&self) -> usize {
        self.nodes.len()
    }

    pub fn longest_chain(&self) -> usize {
        (0..self.nodes.len())
            .map(|node| self.depth(node))
            .max()
            .unwrap_or(0)
    }

    fn depth(&self, node: usize) -> usize {
        let before = self.nodes[node].comes_from.iter();
        1 + before.map(|node| self.depth(*node)).max().unwrap_or(0)
    }

    pub fn now(&self) -> Timestamp {
        self.scene.app.app.clock.now()
    }

    /// One of the newest things of a kind, if there is any: so chains get long.
    pub fn pick<T>(&self, index: usize, kind: impl Fn(&Thing) -> Option<T>) -> Option<(usize, T)> {
        const NEWEST: usize = 3;
        let nodes = self.nodes.iter().enumerate().rev();
        let found = nodes.filter_map(|(node, it)| Some((node, kind(&it.thing)?)));
        let mut found: Vec<_> = found.take(NEWEST).collect();
        match found.len() {
            0 => None,
            length => Some(found.swap_remove(index % length)),
        }
    }

    pub fn token(&self, index: usize) -> Option<(usize, (String, String, bool))> {
        self.pick(index, |thing| match thing {
            Thing::Token {
                text,
                user,
                delegated,
            } => Some((text.clone(), user.clone(), *delegated)),
            _ => None,
        })
    }

    /// Adds what was made, once it was found to be within what it comes from.
    pub fn add(&mut self, node: Node, why: &str) {
        for &origin in &node.comes_from {
            let (end, level) = self.bounds(origin);
            if let Some(end) = end {
                let own = node.end.unwrap_or_else(|| panic!("{why}: no end"));
                assert!(
                    own <= end,
                    "{why}: ends at {own}, what it comes from at {end}"
                );
            }
            if let (Some(level), Some(own)) = (level, node.level) {
                assert!(
                    own <= level,
                    "{why}: {} from {}",
                    LEVELS[own],
                    LEVELS[level]
                );
            }
            assert!(!self.is_over(origin), "{why}: from what is over");
        }
        self.nodes.push(node);
    }

    /// The earliest end and the lowest level of a thing and all that it comes from.
    pub fn bounds(&self, node: usize) -> (Option<Timestamp>, Option<usize>) {
        let it = &self.nodes[node];
        let mut bounds = (it.end, it.level);
        for origin in &it.comes_from {
            let (end, level) = self.bounds(*origin);
            bounds.0 = bounds.0.into_iter().chain(end).min();
            bounds.1 = bounds.1.into_iter().chain(level).min();
        }
        bounds
    }

    fn is_over(&self, node: usize) -> bool {
        let end = self.bounds(node).0;
        end.is_some_and(|end| end < self.now()) || self.is_withdrawn(node)
    }

    /// Keystone's tables don't say which application credential another one was made with: it ends no
    /// later, but stays when that one is withdrawn.
    fn is_withdrawn(&self, node: usize) -> bool {
        let it = &self.nodes[node];
        let stays = matches!(it.thing, Thing::Credential { .. });
        let mut before = it.comes_from.iter();
        it.withdrawn || (!stays && before.any(|origin| self.is_withdrawn(*origin)))
    }

    /// The trusts and credentials that a token is bounded by. What it makes may outlive the token, but
    /// not those.
    pub fn grants(&self, token: usize) -> Vec<usize> {
        let mut grants = Vec::new();
        for &origin in &self.nodes[token].comes_from {
            match self.nodes[origin].thing {
                Thing::Token { .. } => grants.extend(self.grants(origin)),
                _ => grants.push(origin),
            }
        }
        grants
    }

    pub fn add_token(&mut self, answer: &Answer, comes_from: Vec<usize>, why: &str) {
        let body = answer.json();
        let token = &body["token"];
        let roles = if token["roles"].is_array() {
            role_names(&body)
        } else {
            Vec::new()
        };
        let level = |name: &String| LEVELS.iter().position(|level| level == name);
        let is_grant = |node: &usize| !matches!(self.nodes[*node].thing, Thing::Token { .. });
        let thing = Thing::Token {
            text: answer.header("x-subject-token").to_owned(),
            user: token["user"]["id"].as_str().expect("a user").to_owned(),
            delegated: comes_from.iter().any(is_grant),
        };
        let node = Node {
            thing,
            end: Some(time(&token["expires_at"]).expect("an end")),
            level: roles.iter().filter_map(level).max(),
            comes_from,
            withdrawn: false,
        };
        self.add(node, why);
    }

    pub fn add_grant(&mut self, thing: Thing, shown: &Value, comes_from: Vec<usize>, why: &str) {
        let names = shown["roles"].as_array().into_iter().flatten();
        let level = |role: &Value| LEVELS.iter().position(|level| role["name"] == *level);
        let node = Node {
            thing,
            end: time(&shown["expires_at"]),
            level: names.filter_map(level).max(),
            comes_from,
            withdrawn: false,
        };
        self.add(node, why);
    }

    pub fn credential(&self, index: usize) -> Option<(usize, (String, String, String))> {
        self.pick(index, |thing| match thing {
            Thing::Credential { id, secret, user } => {
                Some((id.clone(), secret.clone(), user.clone()))
            }
            _ => None,
        })
    }

    /// Whatever is still good comes from what is still good.
    pub async fn check_tokens(&self) {
        let admin = self.scene.app.admin().await;
        for (node, it) in self.nodes.iter().enumerate() {
            let Thing::Token { text, .. } = &it.thing else {
                continue;
            };
            let shown = self
                .scene
                .app
                .get(TOKENS)
                .token(&admin)
                .subject(text)
                .send()
                .await;
            if shown.status == 200 {
                let end = self.bounds(node).0;
                assert!(!self.is_over(node), "a token outlives what it comes from");
                assert!(
                    end.is_none_or(|end| self.now() < end),
                    "a token is past its end"
                );
            }
        }
    }
}

/// A time as answers show it, with its zone or without.
pub fn time(shown: &Value) -> Option<Timestamp> {
    let text = shown.as_str()?;
    let zoned = format!("{}Z", text.trim_end_matches('Z'));
    Some(Timestamp::parse(&zoned).expect("a time"))
}
