//! Reads the JSON object by which JavaScript describes a response.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};

use crate::route::{Carried, HEADERS, Response};

/// A response. Every value may be missing.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ResponseText<'a> {
    /// A response without a status counts as a success.
    status: Option<f64>,
    /// The turn id that the request carried.
    #[serde(borrow)]
    turn_id: Option<Text<'a>>,
    /// The attempt that the request carried.
    #[serde(borrow)]
    attempt: Option<Text<'a>>,
    /// By lower-case name. Only [`HEADERS`] are read.
    #[serde(borrow)]
    headers: Headers<'a>,
}

/// A text that borrows from the JSON text unless it contains escapes.
#[derive(Debug, Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Debug, Default)]
struct Headers<'a>([Option<Text<'a>>; HEADERS.len()]);

impl<'a> ResponseText<'a> {
    /// Reads the JSON text of an object with the members `status`, `turnId`, `attempt` and `headers`.
    ///
    /// # Errors
    /// The text is not such an object.
    ///
    /// ```
    /// use taas_affinity::response::ResponseText;
    ///
    /// let text = r#"{"status":200,"headers":{"x-taas-autorouted":"true"}}"#;
    /// let response = ResponseText::read(text).unwrap();
    /// assert_eq!(response.response().values[0], Some("true"));
    /// ```
    pub fn read(text: &'a str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }

    /// The response. An empty value counts as missing.
    #[must_use]
    pub fn response(&self) -> Response<'_> {
        fn given<'b>(value: Option<&'b Text<'_>>) -> Option<&'b str> {
            value.map(|Text(text)| &**text).filter(|text| !text.is_empty())
        }
        Response {
            status: self.status,
            carried: Carried {
                turn_id: given(self.turn_id.as_ref()),
                attempt: given(self.attempt.as_ref()),
            },
            values: self.headers.0.each_ref().map(|value| given(value.as_ref())),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Headers<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ByName;
        impl<'de> Visitor<'de> for ByName {
            type Value = Headers<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object of headers")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Headers<'de>, A::Error> {
                let mut headers = Headers::default();
                while let Some(Text(name)) = map.next_key()? {
                    match HEADERS.iter().position(|header| *header == name) {
                        Some(place) => headers.0[place] = Some(map.next_value()?),
                        None => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(headers)
            }
        }
        deserializer.deserialize_map(ByName)
    }
}
