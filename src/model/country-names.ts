let names: string | undefined;

/** The English names of all countries by ISO 3166-1 alpha-2 code, as JSON. */
export function countryNames(): string {
  if (names !== undefined) return names;
  const display = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' });
  const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
  const pairs = letters.flatMap((first) =>
    letters.flatMap((second) => {
      const name = display.of(first + second);
      return name === undefined ? [] : [[first + second, name]];
    }),
  );
  names = JSON.stringify(Object.fromEntries(pairs));
  return names;
}
