/** Writes values as JSON, even if the page has replaced `JSON`. */

/**
 * Writes a value as `JSON.stringify` does, but without it: pages replace `JSON`, and old libraries add a `toJSON` to lists and
 * objects that turns them into strings. Undefined for values that JSON omits.
 * @throws TypeError for a BigInt, RangeError for an object that contains itself.
 */
// biome-ignore lint/suspicious/noExplicitAny: it looks for what a value has at run time.
export const write = (value: any): string | undefined => {
  if (typeof value === 'string') {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON has them escaped.
    return `"${value.replace(/[\0-\x1f"\\]/g, (char) => `\\u00${escape(char).slice(1)}`)}"`;
  }
  if (!value || typeof value !== 'object')
    // Throws for a BigInt.
    // biome-ignore lint/suspicious/noGlobalIsFinite: only numbers are left, and it is shorter.
    return /un|y/.test(typeof value) ? undefined : `${isFinite(value) ? value : null}`;
  const isList = Array.isArray(value);
  if (!isList && value.toJSON && value.toJSON !== ({} as { toJSON?: unknown }).toJSON)
    return write(value.toJSON());
  // A copy without properties that the page has added to all objects.
  value = { __proto__: null, ...value };
  let text = '';
  for (const key in value) {
    const json = write(value[key]);
    if (isList || json) text += `,${isList ? '' : `${write(key)}:`}${json || null}`;
  }
  text = text.slice(1);
  return isList ? `[${text}]` : `{${text}}`;
};

/** Writes JSON. Builds other than /speck.all.js use the page's `JSON`, which they check first. */
export const toJson: (value: unknown) => string = ALL ? (write as never) : JSON.stringify;
