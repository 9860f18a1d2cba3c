//! `#[derive(Layer)]` for kudari.

use proc_macro::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Field, Fields, parse_macro_input};

/// Implements `kudari::layers::Layer` for a struct whose fields are parameters, buffers or layers. They are named after the
/// fields; a field marked `#[layer(skip)]` is left out.
#[proc_macro_derive(Layer, attributes(layer))]
pub fn derive_layer(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    match implementation(&input) {
        Ok(tokens) => tokens.into(),
        Err(error) => error.to_compile_error().into(),
    }
}

fn implementation(input: &DeriveInput) -> syn::Result<proc_macro2::TokenStream> {
    let Data::Struct(data) = &input.data else {
        return Err(syn::Error::new(input.span(), "Layer can be derived for structs only"));
    };
    let Fields::Named(fields) = &data.fields else {
        return Err(syn::Error::new(input.span(), "Layer needs named fields: they name the parameters"));
    };
    let mut visits = Vec::new();
    let mut visits_mut = Vec::new();
    let mut visits_buffers = Vec::new();
    for field in &fields.named {
        if is_skipped(field)? {
            continue;
        }
        let name = &field.ident;
        let text = name.as_ref().map(ToString::to_string).unwrap_or_default();
        // The field's span makes the compiler point at the field if its type is not a layer.
        visits.push(quote_spanned! {field.ty.span()=>
            ::kudari::layers::Layer::visit(&self.#name, &path.field(#text), visitor);
        });
        visits_mut.push(quote_spanned! {field.ty.span()=>
            ::kudari::layers::Layer::visit_mut(&mut self.#name, &path.field(#text), visitor);
        });
        visits_buffers.push(quote_spanned! {field.ty.span()=>
            ::kudari::layers::Layer::visit_buffers(&self.#name, &path.field(#text), visitor);
        });
    }
    let name = &input.ident;
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    Ok(quote! {
        impl #generics ::kudari::layers::Layer for #name #arguments #bounds {
            fn visit(
                &self,
                path: &::kudari::layers::Path<'_>,
                visitor: &mut dyn FnMut(&::kudari::layers::Path<'_>, &::kudari::layers::Parameter),
            ) {
                #(#visits)*
            }
            fn visit_mut(
                &mut self,
                path: &::kudari::layers::Path<'_>,
                visitor: &mut dyn FnMut(&::kudari::layers::Path<'_>, &mut ::kudari::layers::Parameter),
            ) {
                #(#visits_mut)*
            }
            fn visit_buffers(
                &self,
                path: &::kudari::layers::Path<'_>,
                visitor: &mut dyn FnMut(&::kudari::layers::Path<'_>, &::kudari::layers::Buffer),
            ) {
                #(#visits_buffers)*
            }
        }
    })
}

fn is_skipped(field: &Field) -> syn::Result<bool> {
    let mut skipped = false;
    for attribute in field.attrs.iter().filter(|a| a.path().is_ident("layer")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("skip") {
                skipped = true;
                Ok(())
            } else {
                Err(meta.error("the only word here is `skip`"))
            }
        })?;
    }
    Ok(skipped)
}
