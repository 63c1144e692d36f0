//! What each database calls things.

/// Whose SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite, with documents as text.
    Sqlite,
    /// PostgreSQL, with documents of the type `json`, which keeps them to the letter.
    Postgres,
}

/// The value at hand: the JSON, the text or number it is, its type, and the type of what it is a part of.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) node: String,
    pub(super) value: String,
    pub(super) kind: String,
    pub(super) within: Option<String>,
}

impl Dialect {
    /// What stands under these keys; a key is a word of the filter: letters, digits and _ . / @ % -, never a quote.
    pub(super) fn at(self, source: &str, keys: &[&str]) -> Place {
        match self {
            Self::Sqlite => {
                let path = sqlite_path(keys);
                let value = format!("json_extract({source}, '{path}')");
                let kind = format!("json_type({source}, '{path}')");
                Place { node: value.clone(), value, kind, within: None }
            }
            Self::Postgres => {
                let quoted: Vec<String> = keys.iter().map(|key| format!("\"{key}\"")).collect();
                let node = if keys.is_empty() {
                    source.to_owned()
                } else {
                    format!("({source} #> '{{{}}}')", quoted.join(","))
                };
                postgres_place(node)
            }
        }
    }

    /// What stands behind `FROM` to walk the elements of a list, and one of them.
    pub(super) fn elements(self, source: &str, keys: &[&str], alias: &str) -> (String, Place) {
        match self {
            Self::Sqlite => {
                let from = format!("json_each({source}, '{}') AS {alias}", sqlite_path(keys));
                let value = format!("{alias}.value");
                (from, Place { node: value.clone(), value, kind: format!("{alias}.type"), within: None })
            }
            Self::Postgres => {
                let Place { node, kind, .. } = self.at(source, keys);
                let from = format!(
                    "json_array_elements(CASE WHEN {kind} = 'array' THEN {node} ELSE '[]' END) AS {alias}(value)"
                );
                (from, postgres_place(format!("{alias}.value")))
            }
        }
    }

    /// The columns that findings and their versions share.
    pub fn columns(self) -> &'static str {
        match self {
            Self::Sqlite => {
                "name, canonical_name, place, parent, category, resource_name, module_name, state, severity, mute, \
                 finding_class, event_time, create_time, update_time, pod_namespace, pod_name, container_id"
            }
            Self::Postgres => {
                "name, canonical_name, scope, canonical_scope, source, location, parent, category, resource_name, state, \
                 severity, mute, event_time, create_time, finding_class, module_name, update_time, pod_namespace, pod_name, \
                 container_id"
            }
        }
    }

    /// The column that finds a finding again.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Sqlite => "id",
            Self::Postgres => "name",
        }
    }

    /// About how many bytes a document has, without reading it.
    pub(super) fn size(self) -> &'static str {
        match self {
            Self::Sqlite => "octet_length(document)",
            Self::Postgres => "pg_column_size(document)::bigint",
        }
    }

    /// The category, as its index leads there; the same text for each `?`. PostgreSQL's indexes hold no long texts.
    pub(super) fn category_is(self) -> &'static str {
        match self {
            Self::Sqlite => "category = ?",
            Self::Postgres => "hashtextextended(category, 0) = hashtextextended(?, 0) AND category = ?",
        }
    }

    /// The same for the resource's name.
    pub(super) fn resource_is(self) -> &'static str {
        match self {
            Self::Sqlite => "resource_name = ?",
            Self::Postgres => {
                "hashtextextended(resource_name, 0) = hashtextextended(?, 0) AND resource_name = ?"
            }
        }
    }

    /// Bytes as they are written.
    pub(super) fn bytes(self, bytes: &[u8]) -> String {
        let digits = crate::hex::encode(bytes);
        match self {
            Self::Sqlite => format!("x'{digits}'"),
            Self::Postgres => format!("'\\x{digits}'::bytea"),
        }
    }

    /// The name of the type of texts.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Sqlite => "text",
            Self::Postgres => "string",
        }
    }

    /// Whether there is a value that is not empty.
    pub(super) fn exists(self, Place { node, value, kind, .. }: &Place) -> String {
        let plain = match self {
            Self::Sqlite => "'true', 'false', 'integer', 'real'",
            Self::Postgres => "'boolean', 'number'",
        };
        let (text, node) = match self {
            Self::Sqlite => ("text", node.clone()),
            Self::Postgres => ("string", format!("{node}::text")),
        };
        format!(
            "coalesce({kind} IN ({plain}) OR ({kind} = '{text}' AND {value} <> '') \
             OR ({kind} = 'array' AND {node} <> '[]') OR ({kind} = 'object' AND {node} <> '{{}}'), false)"
        )
    }

    /// The function that finds one text in another, from 1; 0 when it is not there.
    pub(super) fn find(self) -> &'static str {
        match self {
            Self::Sqlite => "instr",
            Self::Postgres => "strpos",
        }
    }

    /// Whether it is this truth.
    pub(super) fn truth(self, Place { value, kind, .. }: &Place, truth: bool) -> String {
        match self {
            Self::Sqlite => format!("{kind} = '{truth}'"),
            Self::Postgres => format!("({kind} = 'boolean' AND {value} = '{truth}')"),
        }
    }

    /// The branches of a `CASE` that give a whole number of 64 bits, also when it is written as a text.
    pub(super) fn integer(self, Place { value, kind, .. }: &Place) -> String {
        match self {
            Self::Sqlite => format!(
                "WHEN {kind} = 'integer' AND typeof({value}) = 'integer' THEN {value} \
                 WHEN {kind} = 'text' AND CAST(CAST({value} AS INTEGER) AS TEXT) = {value} \
                 THEN CAST({value} AS INTEGER)"
            ),
            Self::Postgres => {
                let fits = format!(
                    "CASE WHEN {value} ~ '^(0|-?[1-9][0-9]{{0,18}})$' THEN {value}::numeric \
                     BETWEEN -9223372036854775808 AND 9223372036854775807 ELSE false END"
                );
                format!("WHEN {kind} IN ('number', 'string') AND {fits} THEN {value}::numeric")
            }
        }
    }

    /// Nanoseconds since 1970; times are stored in UTC with up to nine digits behind the point.
    pub(super) fn nanos(self, value: &str) -> String {
        match self {
            Self::Sqlite => format!(
                "unixepoch(substr({value}, 1, 19)) * 1000000000 \
                 + CAST(substr(rtrim(substr({value}, 21), 'Z') || '000000000', 1, 9) AS INTEGER)"
            ),
            Self::Postgres => format!(
                "CASE WHEN {value} ~ '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}T[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}([.][0-9]+)?Z$' \
                 THEN extract(epoch FROM substr({value}, 1, 19)::timestamp) * 1000000000 \
                 + rpad(rtrim(substr({value}, 21), 'Z'), 9, '0')::bigint END"
            ),
        }
    }
}

fn sqlite_path(keys: &[&str]) -> String {
    keys.iter().fold("$".to_owned(), |path, key| format!("{path}.\"{key}\""))
}

fn postgres_place(node: String) -> Place {
    // by bytes, whatever the database sorts by
    let value = format!("(({node} #>> '{{}}') COLLATE \"C\")");
    let kind = format!("json_typeof({node})");
    Place { node, value, kind, within: None }
}
