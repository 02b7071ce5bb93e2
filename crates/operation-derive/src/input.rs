//! `#[derive(Input)]`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{
    Attribute, Data, DeriveInput, Error, Expr, Field, Fields, GenericArgument, Ident, LitStr, Meta,
    Path, PathArguments, Result, Token, Type,
};

use crate::doc;

pub fn derive(item: &DeriveInput) -> Result<TokenStream> {
    let Data::Struct(data) = &item.data else {
        return Err(Error::new_spanned(&item.ident, "Input is derived for structs"));
    };
    let fields = match &data.fields {
        Fields::Named(fields) => {
            fields.named.iter().map(Member::read).collect::<Result<Vec<_>>>()?
        }
        Fields::Unit => Vec::new(),
        Fields::Unnamed(_) => {
            let message = "Input is derived for structs with named fields";
            return Err(Error::new_spanned(&item.ident, message));
        }
    };
    let declarations = fields.iter().map(|member| &member.declaration);
    let reads = fields.iter().map(Member::read_value);
    let idents: Vec<_> = fields.iter().map(|member| member.ident).collect();
    let pictures = fields.iter().filter(|member| member.holds_pictures).map(|member| member.ident);
    let check = check(&item.attrs)?.map(|path| quote! { #path(&input)?; });
    let name = &item.ident;
    Ok(quote! {
        impl ::safelight_operation::Input for #name {
            const FIELDS: &'static [::safelight_operation::InputField] = &[#(#declarations),*];

            fn read(form: &::safelight_operation::Form) -> ::safelight_operation::Result<Self> {
                #(#reads)*
                let input = Self { #(#idents),* };
                #check
                ::core::result::Result::Ok(input)
            }

            fn pictures(&self) -> ::std::vec::Vec<&::safelight_operation::Picture> {
                let mut pictures = ::std::vec::Vec::new();
                #(::safelight_operation::Pictures::add_to(&self.#pictures, &mut pictures);)*
                pictures
            }
        }
    })
}

/// The path of `#[input(check = PATH)]`.
fn check(attributes: &[Attribute]) -> Result<Option<Path>> {
    let mut path = None;
    for attribute in attributes.iter().filter(|a| a.path().is_ident("input")) {
        attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("check") {
                return Err(meta.error("expected check"));
            }
            path = Some(meta.value()?.parse()?);
            Ok(())
        })?;
    }
    Ok(path)
}

/// A field of the struct.
struct Member<'a> {
    ident: &'a Ident,
    ty: &'a Type,
    /// An expression of type `InputField`, constant.
    declaration: TokenStream,
    /// An expression of type `Result<ty>`.
    read: TokenStream,
    holds_pictures: bool,
}

impl<'a> Member<'a> {
    fn read(field: &'a Field) -> Result<Self> {
        let ident =
            field.ident.as_ref().ok_or_else(|| Error::new_spanned(field, "a name is missing"))?;
        let mut kinds =
            field.attrs.iter().filter(|a| KINDS.iter().any(|kind| a.path().is_ident(kind)));
        let kind = kinds.next().ok_or_else(|| {
            Error::new_spanned(
                field,
                format!("one of the attributes {} is missing", KINDS.join(", ")),
            )
        })?;
        if let Some(second) = kinds.next() {
            return Err(Error::new_spanned(second, "a field has one kind"));
        }
        let options = Options::read(field)?;
        let (declaration, read, holds_pictures) = match Kind::read(kind, &field.ty)? {
            Kind::Shared(item) => {
                // Pictures are told from parameters by their type.
                let file = is_picture(&field.ty);
                let variant = if file {
                    quote! { File }
                } else {
                    quote! { Text }
                };
                let declaration = quote! { ::safelight_operation::InputField::#variant(&#item) };
                let optional = argument_of(&field.ty, "Option").is_some();
                let read = if file && optional {
                    quote! { read_if_sent }
                } else {
                    quote! { read }
                };
                (declaration, quote! { #item.#read(form) }, file)
            }
            Kind::File(file) => file.expand(&options, field),
            Kind::Text(kind) => options.parameter(&kind, &field.ty),
        };
        Ok(Self { ident, ty: &field.ty, declaration, read, holds_pictures })
    }

    fn read_value(&self) -> TokenStream {
        let Self { ident, ty, read, .. } = self;
        quote! { let #ident: #ty = #read?; }
    }
}

const KINDS: &[&str] = &[
    "picture",
    "pictures",
    "mask",
    "video",
    "integer",
    "number",
    "scale",
    "flag",
    "choice",
    "words",
    "text",
    "cut",
    "identifier",
    "json",
    "kind",
    "shared",
];

enum Kind {
    File(File),
    /// An expression whose type is a `Kind`.
    Text(TokenStream),
    Shared(Expr),
}

impl Kind {
    fn read(attribute: &Attribute, ty: &Type) -> Result<Self> {
        let value = argument_of(ty, "Option").unwrap_or(ty);
        let name = attribute.path().require_ident()?.to_string();
        let core = quote! { ::safelight_operation };
        Ok(match &*name {
            "picture" | "pictures" | "mask" => Self::File(attribute.parse_args()?),
            "video" => Self::File(File::video(&attribute.parse_args()?)),
            "shared" => Self::Shared(attribute.parse_args()?),
            "kind" => {
                let kind: Expr = attribute.parse_args()?;
                Self::Text(quote! { #kind })
            }
            "flag" => Self::Text(quote! { #core::Flag }),
            "json" => Self::Text(quote! { #core::Json::<#value>::new() }),
            "choice" | "words" => {
                let item = if name == "words" {
                    argument_of(value, "Vec").unwrap_or(value)
                } else {
                    value
                };
                let words = match &attribute.meta {
                    Meta::Path(_) => quote! { <#item as #core::ValueEnum>::VALUES },
                    _ => {
                        let words: Expr = attribute.parse_args()?;
                        quote! { #words }
                    }
                };
                let kind = if name == "words" {
                    quote! { Words }
                } else {
                    quote! { Choice }
                };
                Self::Text(quote! { #core::#kind::<#item>(#words) })
            }
            _ => {
                let arguments =
                    attribute.parse_args_with(Punctuated::<Expr, Token![,]>::parse_terminated)?;
                let kind = match &*name {
                    "integer" => quote! { Integer::<#value> },
                    "scale" => quote! { Scale::<#value> },
                    "number" => quote! { Number },
                    "text" => quote! { Text },
                    "cut" => quote! { Cut },
                    _ => quote! { Identifier },
                };
                Self::Text(quote! { #core::#kind(#arguments) })
            }
        })
    }
}

/// The arguments of `picture`, `pictures` and `mask`: rules, then a range of counts or `of = field`. That
/// of `video`: most bytes.
struct File {
    rules: TokenStream,
    is_video: bool,
    counts: Option<Expr>,
    mask_of: Option<Ident>,
}

impl Parse for File {
    fn parse(input: ParseStream) -> Result<Self> {
        let rules: Expr = input.parse()?;
        let mut file =
            Self { rules: quote! { #rules }, is_video: false, counts: None, mask_of: None };
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
            if input.peek(Ident) && input.peek2(Token![=]) {
                let name: Ident = input.parse()?;
                if name != "of" {
                    return Err(Error::new_spanned(name, "expected of"));
                }
                input.parse::<Token![=]>()?;
                file.mask_of = Some(input.parse()?);
            } else {
                file.counts = Some(input.parse()?);
            }
        }
        Ok(file)
    }
}

impl File {
    fn video(most: &Expr) -> Self {
        let rules = quote! {
            ::safelight_operation::Rules {
                formats: &[],
                max_bytes: #most,
                ..::safelight_operation::Rules::ORDINARY
            }
        };
        Self { rules, is_video: true, counts: None, mask_of: None }
    }

    fn expand(&self, options: &Options, field: &Field) -> (TokenStream, TokenStream, bool) {
        let Options { name, aliases, doc, .. } = options;
        let rules = &self.rules;
        let optional = argument_of(&field.ty, "Option").is_some();
        let (presence, read) = match (&self.counts, optional) {
            (Some(counts), _) => (quote! { Several(#counts) }, quote! { read_all(form) }),
            (None, true) => (quote! { Optional }, quote! { read_if_sent(form) }),
            (None, false) if self.is_video => (quote! { Required }, quote! { read_video(form) }),
            (None, false) => (quote! { Required }, quote! { read(form) }),
        };
        let media = if self.is_video {
            quote! { Video }
        } else {
            quote! { Picture }
        };
        let mask_of = self.mask_of.as_ref().map_or_else(
            || quote! { ::core::option::Option::None },
            |of| {
                let of = of.to_string();
                quote! { ::core::option::Option::Some(#of) }
            },
        );
        let literal = quote! {
            ::safelight_operation::FileField {
                name: #name,
                aliases: &[#(#aliases),*],
                doc: #doc,
                presence: ::safelight_operation::FilePresence::#presence,
                media: ::safelight_operation::Media::#media,
                rules: #rules,
                mask_of: #mask_of,
            }
        };
        let read = match &self.mask_of {
            Some(of) if optional => quote! { FILE.read_mask_if_sent(form, &#of) },
            Some(of) => quote! { FILE.read_mask(form, &#of) },
            None => quote! { FILE.#read },
        };
        (
            quote! { ::safelight_operation::InputField::File(&#literal) },
            quote! { { const FILE: &::safelight_operation::FileField = &#literal; #read } },
            !self.is_video,
        )
    }
}

/// The arguments of `#[field(…)]`, and the doc comment.
struct Options {
    name: String,
    aliases: Vec<String>,
    doc: String,
    default: Option<Expr>,
    missing: Option<Expr>,
}

impl Options {
    fn read(field: &Field) -> Result<Self> {
        let ident = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
        let mut options = Self {
            name: ident.trim_start_matches("r#").to_owned(),
            aliases: Vec::new(),
            doc: doc::text(&field.attrs),
            default: None,
            missing: None,
        };
        for attribute in field.attrs.iter().filter(|a| a.path().is_ident("field")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("name") {
                    options.name = meta.value()?.parse::<LitStr>()?.value();
                } else if meta.path.is_ident("alias") {
                    options.aliases.push(meta.value()?.parse::<LitStr>()?.value());
                } else if meta.path.is_ident("default") {
                    options.default = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("missing") {
                    options.missing = Some(meta.value()?.parse()?);
                } else {
                    return Err(meta.error("expected name, alias, default or missing"));
                }
                Ok(())
            })?;
        }
        Ok(options)
    }

    /// A parameter of this kind.
    fn parameter(&self, kind: &TokenStream, ty: &Type) -> (TokenStream, TokenStream, bool) {
        let Self { name, aliases, doc, default, missing } = self;
        let presence = match (default, missing) {
            (Some(value), _) => quote! { Defaulted(#value) },
            (None, Some(code)) => quote! { RequiredOr(#code) },
            (None, None) if argument_of(ty, "Option").is_some() => quote! { Optional },
            (None, None) => quote! { Required },
        };
        let literal = quote! {
            ::safelight_operation::Param {
                name: #name,
                aliases: &[#(#aliases),*],
                doc: #doc,
                kind: #kind,
                presence: ::safelight_operation::#presence,
            }
        };
        let declaration = quote! { ::safelight_operation::InputField::Text(&#literal) };
        (declaration, quote! { #literal.read(form) }, false)
    }
}

/// Whether a type is that of pictures, by its last segment.
fn is_picture(ty: &Type) -> bool {
    let inner = argument_of(ty, "Option").or_else(|| argument_of(ty, "Vec")).unwrap_or(ty);
    let Type::Path(path) = inner else { return false };
    let names = ["Picture", "Mask"].map(|name| format_ident!("{name}"));
    path.path.segments.last().is_some_and(|segment| names.contains(&segment.ident))
}

/// The `T` of `outer<T>`.
fn argument_of<'a>(ty: &'a Type, outer: &str) -> Option<&'a Type> {
    let Type::Path(path) = ty else { return None };
    let segment = path.path.segments.last().filter(|segment| segment.ident == outer)?;
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}
