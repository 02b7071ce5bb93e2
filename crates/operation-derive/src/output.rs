//! `#[derive(Output)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Expr, Field, Fields, LitStr, Result, Token, Type};
use syn::{parenthesized, punctuated::Punctuated};

use crate::doc;

pub fn derive(item: &DeriveInput) -> Result<TokenStream> {
    let Data::Struct(data) = &item.data else {
        return Err(Error::new_spanned(&item.ident, "Output is derived for structs"));
    };
    let Fields::Named(fields) = &data.fields else {
        return Err(Error::new_spanned(
            &item.ident,
            "Output is derived for structs with named fields",
        ));
    };
    let properties = fields.named.iter().map(Property::read).collect::<Result<Vec<_>>>()?;
    let shapes = properties.iter().map(Property::shape);
    let nodes = properties.iter().map(Property::node);
    let types = properties.iter().map(Property::ty);
    let name = &item.ident;
    let (impl_generics, type_generics, where_clause) = item.generics.split_for_impl();
    Ok(quote! {
        impl #impl_generics ::safelight_operation::Output for #name #type_generics #where_clause {
            const HOLDS_FILES: bool =
                false #(|| <#types as ::safelight_operation::Output>::HOLDS_FILES)*;

            fn shape() -> ::safelight_operation::Shape {
                let mut object = ::safelight_operation::ObjectShape::new();
                #(#shapes)*
                ::safelight_operation::Shape::Object(object)
            }

            fn into_node(self) -> ::core::option::Option<::safelight_operation::Node> {
                let mut object = ::safelight_operation::ObjectNode::new();
                #(#nodes)*
                ::core::option::Option::Some(object.into())
            }
        }
    })
}

/// A property of the object.
struct Property<'a> {
    field: &'a Field,
    doc: String,
    path: Vec<String>,
    values: Vec<Expr>,
    format: Option<Expr>,
    flatten: bool,
}

impl<'a> Property<'a> {
    fn read(field: &'a Field) -> Result<Self> {
        let ident = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
        let name = ident.trim_start_matches("r#").to_owned();
        let mut property = Self {
            field,
            doc: doc::text(&field.attrs),
            path: vec![name],
            values: Vec::new(),
            format: None,
            flatten: false,
        };
        for attribute in field.attrs.iter().filter(|a| a.path().is_ident("output")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("name") {
                    property.path = vec![meta.value()?.parse::<LitStr>()?.value()];
                } else if meta.path.is_ident("path") {
                    let path = meta.value()?.parse::<LitStr>()?.value();
                    property.path = path.split('.').map(str::to_owned).collect();
                } else if meta.path.is_ident("values") {
                    let list;
                    parenthesized!(list in meta.input);
                    property.values = Punctuated::<Expr, Token![,]>::parse_terminated(&list)?
                        .into_iter()
                        .collect();
                } else if meta.path.is_ident("format") {
                    property.format = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("flatten") {
                    property.flatten = true;
                } else {
                    return Err(meta.error("expected name, path, values, format or flatten"));
                }
                Ok(())
            })?;
        }
        Ok(property)
    }

    fn ty(&self) -> &Type {
        &self.field.ty
    }

    fn shape(&self) -> TokenStream {
        let (ty, doc, path) = (self.ty(), &self.doc, &self.path);
        if self.flatten {
            return quote! { object.flatten::<#ty>(); };
        }
        let values = self.values.iter();
        let format = self.format.iter().map(|format| {
            quote! { object.set_format(&[#(#path),*], #format); }
        });
        quote! {
            object.add::<#ty>(
                &[#(#path),*],
                #doc,
                vec![#(::safelight_operation::json_value(#values)),*],
            );
            #(#format)*
        }
    }

    fn node(&self) -> TokenStream {
        let (ident, path) = (&self.field.ident, &self.path);
        if self.flatten {
            return quote! { object.flatten(self.#ident); };
        }
        quote! { object.set(&[#(#path),*], self.#ident); }
    }
}
