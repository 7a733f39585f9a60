//! Words from a closed set, as they stand in subjects and messages.

/// Not a word of its set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a word that is known here")]
pub struct UnknownToken;

/// Enums whose values print and parse.
macro_rules! tokens {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant),* }

        impl $name {
            /// Every value.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word as it is written.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::tokens::UnknownToken;

            fn from_str(text: &str) -> Result<Self, $crate::tokens::UnknownToken> {
                match text { $($text => Ok(Self::$variant),)* _ => Err($crate::tokens::UnknownToken) }
            }
        }
    )*};
}

pub(crate) use tokens;
