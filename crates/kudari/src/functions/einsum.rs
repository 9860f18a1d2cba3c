//! Einstein's sum convention: products of arrays whose axes have letters, summed over the letters that the result lacks.
//!
//! A text such as `ij,jk->ik` is read into letters; axes that `...` stands for are the letters '0', '1', … from the last
//! one on. The function itself sees operands whose letters differ from each other and whose sizes agree: repeated letters
//! are taken as diagonals before, and axes of size 1 that are stretched are left out.

use std::collections::BTreeMap;

use super::registry::{Entry, Sample};
use super::sample::ROWS;
use super::worked::total;
use crate::array::{Array, Shape, index_of};
use crate::autograd::{Calculation, Context, Function, InputGradients, Operand, Outputs, Saves, Variable, Worked, apply};
use crate::error::{Error, ErrorKind, Result};
use crate::expression::Expression;

/// The letters of an array's axes.
type Letters = Vec<char>;

/// How a text says what is multiplied and summed.
struct Subscripts {
    operands: Vec<Letters>,
    output: Letters,
}

/// Reads the text, for operands of these ranks.
fn read(text: &str, ranks: &[usize]) -> Result<Subscripts> {
    let fail = |column: usize, length: usize, what: String, help: &str| {
        Error::new(ErrorKind::Notation, format!("einsum, column {}: {what}", column + 1)).excerpt(text, column, length).help(help)
    };
    // Columns count characters, as the excerpt does.
    let signs: Vec<(usize, char)> = text.chars().enumerate().filter(|(_, sign)| !sign.is_whitespace()).collect();
    let known = |sign: char| sign.is_ascii_alphabetic() || ",.->".contains(sign);
    if let Some(&(column, sign)) = signs.iter().find(|(_, sign)| !known(*sign)) {
        return Err(fail(column, 1, format!("`{sign}` means nothing here"), "axes are letters, e.g. ij,jk->ik"));
    }
    let arrow = signs.windows(2).position(|pair| (pair[0].1, pair[1].1) == ('-', '>'));
    let (left, right) = arrow.map_or((&signs[..], None), |at| (&signs[..at], Some(&signs[at + 2..])));
    if let Some(&(column, _)) = left.iter().chain(right.unwrap_or(&[])).find(|(_, sign)| "->".contains(*sign)) {
        return Err(fail(column, 1, "a second arrow, or half of one".into(), "write one `->` before the letters of the result"));
    }
    let terms: Vec<&[(usize, char)]> = left.split(|(_, sign)| *sign == ',').collect();
    if terms.len() != ranks.len() {
        let what = format!("einsum: `{text}` is of {} operands, here are {}", terms.len(), ranks.len());
        return Err(Error::new(ErrorKind::Notation, what).help("write the letters of each operand, with a comma between them"));
    }
    // Letters and dots of one term; `rank` is None for the result, whose `...` stands for `dots` axes.
    let letters = |term: &[(usize, char)], rank: Option<usize>, dots: usize| -> Result<Letters> {
        let is_dots = |at: usize| term[at..].len() >= 3 && term[at..at + 3].iter().all(|(_, sign)| *sign == '.');
        let (mut letters, mut place) = (Letters::new(), None);
        let mut at = 0;
        while at < term.len() {
            let (column, sign) = term[at];
            match sign {
                '.' if is_dots(at) && place.is_none() => (place, at) = (Some(letters.len()), at + 3),
                '.' => return Err(fail(column, 1, "dots stand in threes, once".into(), "write `...` for all other axes")),
                letter => {
                    letters.push(letter);
                    at += 1;
                }
            }
        }
        let count = match (rank, place) {
            (None, _) => dots,
            (Some(rank), Some(_)) if rank >= letters.len() => rank - letters.len(),
            (Some(rank), None) if rank == letters.len() => 0,
            (Some(rank), _) => {
                let column = term.first().map_or(text.chars().count(), |sign| sign.0);
                let length = term.last().map_or(1, |sign| sign.0 + 1 - column);
                let what = format!("{} letters for an operand of {rank} axes", letters.len());
                return Err(fail(column, length, what, "give each axis a letter; `...` stands for all others"));
            }
        };
        if let Some(place) = place {
            letters.splice(place..place, (0..count as u32).rev().filter_map(|i| char::from_digit(i, 10)));
        }
        Ok(letters)
    };
    let operands = terms.iter().zip(ranks).map(|(term, &rank)| letters(term, Some(rank), 0)).collect::<Result<Vec<_>>>()?;
    let dots = operands.iter().flatten().filter_map(|letter| letter.to_digit(10)).max().map_or(0, |largest| largest as usize + 1);
    let count = |letter: &char| operands.iter().flatten().filter(|other| *other == letter).count();
    let output = match right {
        Some(right) => {
            let output = letters(right, None, dots)?;
            for &(column, letter) in right.iter().filter(|(_, sign)| *sign != '.') {
                if count(&letter) == 0 {
                    return Err(fail(
                        column,
                        1,
                        format!("no operand has `{letter}`"),
                        "the result's letters are letters of operands",
                    ));
                }
                if output.iter().filter(|&&other| other == letter).count() > 1 {
                    return Err(fail(column, 1, format!("the result has `{letter}` twice"), "name each of its axes once"));
                }
            }
            if dots > output.iter().filter(|letter| letter.is_ascii_digit()).count() {
                let column = right.first().map_or(text.chars().count().saturating_sub(1), |sign| sign.0);
                return Err(fail(column, 1, "the axes of `...` are missing".into(), "write `...` behind the arrow too"));
            }
            output
        }
        None => {
            let mut once: Letters =
                operands.iter().flatten().copied().filter(|l| l.is_ascii_alphabetic() && count(l) == 1).collect();
            once.sort_unstable();
            (0..dots as u32).rev().filter_map(|i| char::from_digit(i, 10)).chain(once).collect()
        }
    };
    Ok(Subscripts { operands, output })
}

/// The size of each letter. A size of 1 is stretched to that of another operand.
fn sizes(text: &str, subscripts: &Subscripts, shapes: &[&[usize]]) -> Result<BTreeMap<char, usize>> {
    let mut sizes: BTreeMap<char, (usize, usize)> = BTreeMap::new();
    for (operand, (letters, shape)) in subscripts.operands.iter().zip(shapes).enumerate() {
        for (place, (&letter, &size)) in letters.iter().zip(*shape).enumerate() {
            let (known, first) = *sizes.entry(letter).or_insert((size, operand));
            let twice = letters[..place].contains(&letter);
            if known != size && (twice || (known != 1 && size != 1)) {
                let name = if letter.is_ascii_digit() { "an axis of `...`".to_string() } else { format!("`{letter}`") };
                let what = format!("einsum `{text}`: {name} is {known} in operand {first} and {size} in operand {operand}");
                return Err(Error::shape(what).help("axes with one letter have one size, or 1"));
            }
            if known == 1 {
                sizes.insert(letter, (size, operand));
            }
        }
    }
    Ok(sizes.into_iter().map(|(letter, (size, _))| (letter, size)).collect())
}

/// The product of operands with the letters of each, summed over those that the output lacks.
#[derive(Debug)]
struct Einsum {
    operands: Vec<Letters>,
    output: Letters,
    sizes: BTreeMap<char, usize>,
}

/// An array and the letters of its axes.
struct Lettered {
    letters: Letters,
    array: Array,
}

impl Lettered {
    /// The array summed over all letters but these.
    fn summed_to(self, kept: impl Fn(char) -> bool) -> Result<Lettered> {
        let gone: Vec<isize> = (0..self.letters.len()).filter(|&i| !kept(self.letters[i])).map(|i| i as isize).collect();
        if gone.is_empty() {
            return Ok(self);
        }
        let letters = self.letters.iter().copied().filter(|&letter| kept(letter)).collect();
        Ok(Lettered { letters, array: self.array.sum_axes(&gone, false)? })
    }

    /// The array with its axes in this order of letters, which are all of its own.
    fn ordered(&self, letters: &[char]) -> Result<Array> {
        let place = |letter: &char| self.letters.iter().position(|own| own == letter).map_or(0, |i| i as isize);
        self.array.permute(&letters.iter().map(place).collect::<Vec<_>>())
    }
}

impl Einsum {
    fn size_of(&self, letters: &[char]) -> Vec<usize> {
        letters.iter().map(|letter| self.sizes.get(letter).copied().unwrap_or(1)).collect()
    }

    /// The product of two operands, summed over the letters of both that nobody needs any more.
    fn product(&self, a: Lettered, b: Lettered, needed: &dyn Fn(char) -> bool) -> Result<Lettered> {
        let (of_a, of_b) = (a.letters.clone(), b.letters.clone());
        let a = a.summed_to(|letter| needed(letter) || of_b.contains(&letter))?;
        let b = b.summed_to(|letter| needed(letter) || of_a.contains(&letter))?;
        let pick = |from: &Lettered, wanted: &dyn Fn(char) -> bool| -> Letters {
            from.letters.iter().copied().filter(|&letter| wanted(letter)).collect()
        };
        let batch = pick(&a, &|letter| of_b.contains(&letter) && needed(letter));
        let inner = pick(&a, &|letter| of_b.contains(&letter) && !needed(letter));
        let rows = pick(&a, &|letter| !of_b.contains(&letter));
        let columns = pick(&b, &|letter| !of_a.contains(&letter));
        let letters = [&batch[..], &rows, &columns].concat();
        let shape = Shape::allocatable(&self.size_of(&letters), a.array.dtype())
            .map_err(|e| e.context("einsum: a product of two operands"))?;
        let [batch_size, row_count, inner_size, column_count] =
            [&batch, &rows, &inner, &columns].map(|letters| self.size_of(letters).iter().product::<usize>() as isize);
        let a = a.ordered(&[&batch[..], &rows, &inner].concat())?;
        let b = b.ordered(&[&batch[..], &inner, &columns].concat())?;
        let product = if inner.is_empty() {
            a.reshape(&[batch_size, row_count, 1])?.mul(&b.reshape(&[batch_size, 1, column_count])?)?
        } else if rows.is_empty() && columns.is_empty() {
            // Many short products of numbers: one pass over both operands instead of a matrix product each.
            a.reshape(&[batch_size, inner_size])?.mul(&b.reshape(&[batch_size, inner_size])?)?.sum_axes(&[1], false)?
        } else {
            let a = a.reshape(&[batch_size, row_count, inner_size])?;
            a.matmul(&b.reshape(&[batch_size, inner_size, column_count])?)?
        };
        let sizes: Vec<isize> = shape.as_slice().iter().map(|&size| size as isize).collect();
        Ok(Lettered { letters, array: product.reshape(&sizes)? })
    }

    /// The letters that the output lacks.
    fn summed_letters(&self) -> Letters {
        self.sizes.keys().copied().filter(|letter| !self.output.contains(letter)).collect()
    }
}

impl Function for Einsum {
    fn name(&self) -> &'static str {
        "einsum"
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        let lettered = |i: usize| Lettered { letters: self.operands[i].clone(), array: inputs[i].clone() };
        let mut result = lettered(0);
        for i in 1..inputs.len() {
            let later = &self.operands[i + 1..];
            let needed = |letter: char| self.output.contains(&letter) || later.iter().any(|letters| letters.contains(&letter));
            result = self.product(result, lettered(i), &needed)?;
        }
        let result = result.summed_to(|letter| self.output.contains(&letter))?;
        Ok([result.ordered(&self.output)?].into())
    }
    fn backward(&self, context: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        let mut gradients = InputGradients::new();
        for (i, letters) in self.operands.iter().enumerate() {
            if !context.needs(i) {
                gradients.push(None);
                continue;
            }
            // The result's gradient takes the operand's place: Σ g · others over the letters that the operand lacks.
            let others = (0..self.operands.len()).filter(|&other| other != i);
            let mut operands = vec![self.output.clone()];
            operands.extend(others.clone().map(|other| self.operands[other].clone()));
            let found: Letters = letters.iter().copied().filter(|letter| operands.iter().any(|o| o.contains(letter))).collect();
            let variables: Vec<&Variable> = std::iter::once(&gy[0]).chain(others.map(|other| context.input(other))).collect();
            let known = |letter: &char| operands.iter().any(|letters| letters.contains(letter));
            let sizes = self.sizes.iter().filter(|(letter, _)| known(letter)).map(|(&letter, &size)| (letter, size)).collect();
            let gradient = apply(Einsum { output: found.clone(), sizes, operands }, &variables)?;
            // Letters that only this operand has were summed: all of their numbers have the same gradient.
            let shape = self.size_of(letters);
            let single: Vec<usize> =
                letters.iter().zip(&shape).map(|(l, &size)| if found.contains(l) { size } else { 1 }).collect();
            gradients.push(Some(gradient.reshape_as(&single)?.broadcast_to(&shape)?));
        }
        Ok(gradients)
    }
    fn saves(&self) -> Saves {
        if self.operands.len() == 1 { Saves::NOTHING } else { Saves::INPUTS }
    }
    fn operations(&self, _: &[&Array], _: &Array) -> f64 {
        // Two operands meet in every combination of indices; longer products are cut into pairs, which counts differently.
        if self.operands.len() == 2 { 2.0 * self.sizes.values().map(|&size| size as f64).product::<f64>() } else { 0.0 }
    }
    fn worked(&self, _: &Calculation<'_>) -> Option<Box<dyn Worked>> {
        let summed = self.summed_letters();
        Some(Box::new(WorkedEinsum {
            letters: [&self.output[..], &summed].concat(),
            output: self.size_of(&self.output),
            summed: self.size_of(&summed),
            operands: self.operands.iter().map(|letters| (letters.clone(), self.size_of(letters))).collect(),
        }))
    }
}

/// A sum of products of elements.
struct WorkedEinsum {
    /// The letters of the output and of what is summed, with the sizes of both.
    letters: Letters,
    output: Vec<usize>,
    summed: Vec<usize>,
    operands: Vec<(Letters, Vec<usize>)>,
}

impl WorkedEinsum {
    /// For every summand of element `at` the element of each operand.
    fn summands(&self, at: usize) -> impl Iterator<Item = Vec<usize>> + '_ {
        let first = index_of(at, &self.output);
        (0..self.summed.iter().product()).map(move |summand| {
            let index = [&first[..], &index_of(summand, &self.summed)].concat();
            let of = |letter: &char| self.letters.iter().position(|l| l == letter).map_or(0, |place| index[place]);
            let element = |(letters, sizes): &(Letters, Vec<usize>)| {
                letters.iter().zip(sizes).fold(0, |element, (letter, size)| element * size + of(letter))
            };
            self.operands.iter().map(element).collect()
        })
    }
}

/// The product of elements of different operands; of none it is 1.
fn product(elements: impl Iterator<Item = (usize, usize)>) -> Expression<Operand> {
    let mut factors: Vec<_> = elements.map(|(input, at)| Operand::input(input, at)).collect();
    match factors.len() {
        0 => Expression::Number(1.0),
        1 => factors.remove(0),
        _ => Expression::Product(factors),
    }
}

impl Worked for WorkedEinsum {
    fn value(&self, at: usize) -> Expression<Operand> {
        total(self.summands(at).map(|elements| product(elements.into_iter().enumerate())).collect())
    }
    fn slopes(&self, at: usize) -> Vec<(Operand, Expression<Operand>)> {
        let slopes = |elements: Vec<usize>| {
            let slope = |input: usize| {
                let others = elements.iter().copied().enumerate().filter(move |(other, _)| *other != input);
                (Operand::Input { input, at: elements[input] }, product(others))
            };
            (0..elements.len()).map(slope).collect::<Vec<_>>()
        };
        self.summands(at).flat_map(slopes).collect()
    }
}

/// Products of arrays by Einstein's sum convention: every axis has a letter, and the product is summed over all letters that
/// the result lacks. `ij,jk->ik` is the matrix product yᵢₖ = Σⱼ aᵢⱼ bⱼₖ, `bij,bj->bi` a batch of matrices times vectors,
/// `ij->ji` a transpose, `ii->i` a diagonal, `ij->` the sum of all numbers.
///
/// A letter that an operand has twice means its diagonal. `...` stands for all axes that have no letter, aligned at the last
/// one. Without `->` the result has the letters that occur once, in alphabetical order, behind the axes of `...`. Axes
/// with one letter have one size; a size of 1 is stretched. Products are formed two operands at a time, from left to right.
///
/// ```
/// use kudari::functions::einsum;
/// use kudari::{Array, Variable};
///
/// let a = Variable::constant(Array::from([[1.0, 2.0], [3.0, 4.0]]));
/// let x = Variable::constant(Array::from([10.0, 1.0]));
/// assert_eq!(einsum("ij,j->i", &[&a, &x])?.array().to_vec::<f64>()?, [12.0, 34.0]);
/// assert_eq!(einsum("ii", &[&a])?.item()?, 5.0);
/// # Ok::<(), kudari::Error>(())
/// ```
///
/// # Errors
///
/// A text that cannot be read, another number of operands or axes than it says, sizes that differ, types that differ or are
/// not floating-point, or more than 6 axes on the way.
#[track_caller]
pub fn einsum(subscripts: &str, operands: &[&Variable]) -> Result<Variable> {
    let Some(first) = operands.first() else {
        return Err(Error::value(format!("einsum `{subscripts}`: no operand")).help("give at least one"));
    };
    if let Some(other) = operands.iter().find(|v| v.dtype() != first.dtype() || !v.dtype().is_float()) {
        return Err(Error::dtype(format!("einsum `{subscripts}`: operands of {} and {}", first.dtype(), other.dtype()))
            .help("convert them to one floating-point type with to_dtype"));
    }
    let read = read(subscripts, &operands.iter().map(|v| v.rank()).collect::<Vec<_>>())?;
    let shapes: Vec<&[usize]> = operands.iter().map(|v| v.shape()).collect();
    let sizes = sizes(subscripts, &read, &shapes)?;
    let (mut simple, mut letters) = (Vec::new(), Vec::new());
    for (variable, own) in operands.iter().zip(&read.operands) {
        let (variable, own) = simplified(variable, own, &sizes)?;
        simple.push(variable);
        letters.push(own);
    }
    apply(Einsum { operands: letters, output: read.output, sizes }, &simple.iter().collect::<Vec<_>>())
}

/// An operand with each letter once, without the axes that are stretched.
fn simplified(variable: &Variable, letters: &[char], sizes: &BTreeMap<char, usize>) -> Result<(Variable, Letters)> {
    let (mut variable, mut letters) = (variable.clone(), letters.to_vec());
    let twice = |letters: &Letters| {
        let second = (0..letters.len()).find(|&i| letters[..i].contains(&letters[i]))?;
        Some((letters.iter().position(|letter| *letter == letters[second])?, second))
    };
    while let Some((first, second)) = twice(&letters) {
        variable = variable.diagonal(0, first as isize, second as isize)?;
        let letter = letters.remove(second);
        letters.remove(first);
        letters.push(letter);
    }
    let fits = |(letter, size): (&char, &usize)| sizes.get(letter) == Some(size);
    let kept: Vec<bool> = letters.iter().zip(variable.shape()).map(fits).collect();
    if kept.contains(&false) {
        let shape: Vec<usize> = variable.shape().iter().zip(&kept).filter(|(_, kept)| **kept).map(|(&size, _)| size).collect();
        variable = variable.reshape_as(&shape)?;
        letters = letters.into_iter().zip(kept).filter(|(_, kept)| *kept).map(|(letter, _)| letter).collect();
    }
    Ok((variable, letters))
}

/// The functions of this file.
pub(super) const ENTRIES: &[Entry] = &[Entry {
    name: "einsum",
    usage: "einsum(\"ij,jk->ik\", &[&a, &b])?",
    formula: "Σ of products over the letters that the result lacks: yᵢₖ = Σⱼ aᵢⱼ bⱼₖ",
    derivative: "Σ of products of g and the other operands over the letters that the operand lacks",
    notes: "Any number of operands; a letter twice is a diagonal, `...` stands for the other axes.",
    samples: || {
        let of = |text: &'static str, shapes: &[&'static [usize]]| {
            let inputs: Vec<(&[usize], f64, f64)> = shapes.iter().map(|&shape| (shape, -1.0, 1.0)).collect();
            Sample::new(&inputs, move |v: &[Variable]| einsum(text, &v.iter().collect::<Vec<_>>()))
        };
        vec![
            of("ij,jk->ik", &[&[2, 3], &[3, 2]]).timed_at(&[ROWS, ROWS]),
            of("bij,bj->bi", &[&[2, 3, 2], &[2, 2]]).strided(),
            of("ij,ij->ij", &[&[2, 3], &[2, 3]]),
            of("ij,ij", &[&[2, 3], &[2, 3]]),
            of("ij->j", &[&[2, 3]]),
            of("ii,j->j", &[&[3, 3], &[2]]),
            of("...i,...i", &[&[2, 1, 3], &[2, 3]]),
            of("i,ij,jk->k", &[&[2], &[2, 3], &[3, 2]]).strided(),
            of("i,j,k->kij", &[&[2], &[1], &[2]]),
        ]
    },
}];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::DType;

    fn zeros(shape: &[usize]) -> Variable {
        Variable::parameter(Array::zeros(shape, DType::F32).unwrap())
    }

    #[test]
    fn what_cannot_be_read_is_marked() {
        let (matrix, row) = (zeros(&[2, 3]), zeros(&[3]));
        for (text, what, mark) in [
            ("ij,jk->i1", "einsum, column 9: `1` means nothing here", "        ^"),
            ("ij->j->i", "einsum, column 6: a second arrow, or half of one", "     ^"),
            ("ij-j", "einsum, column 3: a second arrow, or half of one", "  ^"),
            ("ij,j->k", "einsum, column 7: no operand has `k`", "      ^"),
            ("ij,j->ii", "einsum, column 7: the result has `i` twice", "      ^"),
            ("ijk, j", "einsum, column 1: 3 letters for an operand of 2 axes", "^^^"),
            ("ij, ", "einsum, column 5: 0 letters for an operand of 1 axes", "    ^"),
            ("ij,..j", "einsum, column 4: dots stand in threes, once", "   ^"),
            ("...j,j->j", "einsum, column 9: the axes of `...` are missing", "        ^"),
        ] {
            let error = einsum(text, &[&matrix, &row]).unwrap_err();
            assert_eq!((error.what(), error.marked_excerpt()), (what, &*format!("{text}\n{mark}")), "{text}");
        }
        for (text, what) in [
            ("ij", "einsum: `ij` is of 1 operands, here are 2"),
            ("ij,i", "einsum `ij,i`: `i` is 2 in operand 0 and 3 in operand 1"),
            ("ii,i", "einsum `ii,i`: `i` is 2 in operand 0 and 3 in operand 0"),
            ("...,j...", "einsum `...,j...`: an axis of `...` is 3 in operand 0 and 2 in operand 1"),
        ] {
            let second = if text.ends_with("...") { zeros(&[3, 2]) } else { row.clone() };
            assert_eq!(einsum(text, &[&matrix, &second]).unwrap_err().what(), what);
        }
        assert!(einsum("i", &[]).is_err() && einsum("i", &[&Variable::constant(Array::from([1i64]))]).is_err());
        let six = zeros(&[1; 6]);
        assert!(einsum("abcdef,g->abcdefg", &[&six, &row]).is_err());
        let wide = Variable::constant(Array::zeros(&[1 << 20], DType::F32).unwrap());
        assert!(einsum("a,b,c->abc", &[&wide, &wide, &wide]).is_err());
    }

    #[test]
    fn arrays_without_a_number() {
        let (a, b) = (zeros(&[2, 0]), zeros(&[0, 3]));
        let y = einsum("ij,jk->ik", &[&a, &b]).unwrap();
        assert_eq!((y.shape(), y.array().to_f64_vec()), (&[2, 3][..], vec![0.0; 6]));
        assert_eq!(y.sum().backward().unwrap().get(&b).unwrap().shape(), [0, 3]);
        assert_eq!(einsum("ij,kl->li", &[&a, &b]).unwrap().array().to_f64_vec(), [0.0; 6]);
    }
}
