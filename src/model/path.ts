/** The place of a mistake in a JSON body as JavaScript writes it: `filters[0][1]`. The whole body is `''`. */
export function pathOf(path: readonly { readonly key: unknown }[]): string {
  return path
    .map(({ key }, index) =>
      typeof key === 'number' ? `[${key}]` : index === 0 ? String(key) : `.${String(key)}`,
    )
    .join('');
}
