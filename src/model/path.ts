/** The path of an error in a JSON body as JavaScript writes it: `filters[0][1]`; `''` for the complete body. */
export function pathOf(path: readonly { readonly key: unknown }[]): string {
  return path
    .map(({ key }, index) =>
      typeof key === 'number' ? `[${key}]` : index === 0 ? String(key) : `.${String(key)}`,
    )
    .join('');
}
