/** Codes of countries for the English names that tools write in their place. */
import { countryNames } from '../model/country-names.ts';

/** Names that differ from those of the Unicode CLDR. */
const OTHER_NAMES: ReadonlyMap<string, string> = new Map([
  ['czech republic', 'CZ'],
  ['hong kong', 'HK'],
  ['ivory coast', 'CI'],
  ['macao', 'MO'],
  ['macau', 'MO'],
  ['macedonia', 'MK'],
  ['macedonia (fyrom)', 'MK'],
  ['myanmar', 'MM'],
  ['palestine', 'PS'],
  ['republic of korea', 'KR'],
  ['russian federation', 'RU'],
  ['swaziland', 'SZ'],
  ['the bahamas', 'BS'],
  ['the gambia', 'GM'],
  ['the netherlands', 'NL'],
  ['turkey', 'TR'],
  ['united states of america', 'US'],
  ['viet nam', 'VN'],
]);

let codes: ReadonlyMap<string, string> | undefined;

/** The ISO 3166-1 code of a country's English name; `''` for any other text. */
export function countryOf(name: string): string {
  codes ??= new Map(
    Object.entries(JSON.parse(countryNames()) as Record<string, string>).map(([code, one]) => [
      plain(one),
      code,
    ]),
  );
  const key = plain(name);
  return OTHER_NAMES.get(key) ?? codes.get(key) ?? '';
}

/** In lower case, without accents, and with one spelling of `and`, `Saint` and apostrophes. */
function plain(name: string): string {
  return name
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[’']/g, "'")
    .replace(/ & /g, ' and ')
    .replace(/^st\. /, 'saint ')
    .trim();
}
