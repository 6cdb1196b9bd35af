/** Values as JSON, whatever the page has made of `JSON`. */

/**
 * A value as `JSON.stringify` writes it, by the language alone: pages replace `JSON`, and old libraries give lists and objects
 * a `toJSON` that makes texts of them. Undefined for what JSON leaves out.
 * @throws TypeError for a BigInt, RangeError for an object that contains itself.
 */
export const write = (value: any): string | undefined => {
  if (typeof value === 'string') {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON has them escaped.
    return `"${value.replace(/[\0-\x1f"\\]/g, (char) => `\\u00${escape(char).slice(1)}`)}"`;
  }
  if (!value || typeof value !== 'object')
    // Throws at a BigInt.
    return /un|y/.test(typeof value) ? undefined : `${isFinite(value) ? value : null}`;
  const isList = Array.isArray(value);
  if (!isList && value.toJSON && value.toJSON !== ({} as any).toJSON) return write(value.toJSON());
  // A copy has no properties but its own, whatever the page gives to all objects.
  value = { __proto__: null, ...value };
  let text = '';
  for (const key in value) {
    const json = write(value[key]);
    if (isList || json) text += `,${isList ? '' : write(key) + ':'}${json || null}`;
  }
  text = text.slice(1);
  return isList ? `[${text}]` : `{${text}}`;
};

/** The same by the page's JSON, where it is sound. */
export const toJson: (value: unknown) => string = ALL ? (write as never) : JSON.stringify;
