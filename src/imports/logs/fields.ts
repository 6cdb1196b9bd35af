/**
 * Reads the formats whose lines are values below a line of `#Fields:`: the W3C's extended log format, as IIS writes it, and
 * CloudFront's standard logs, which are like it. The fields may change within a file. Times are in UTC.
 *
 * Formats: https://www.w3.org/TR/WD-logfile
 * and https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html
 */
import { err } from '../../model/result.ts';
import { cloudfrontEntry } from './cloudfront.ts';
import { entryOf, type LineReader, type Parsed, present } from './entry.ts';
import { isoTime } from './times.ts';

/** A line has fewer fields; more have no meaning. */
const MOST_FIELDS = 200;

/** The value of a field by its name in lower case; undefined if the lines have no such field. */
export type FieldOf = (name: string) => string | undefined;

/** The part that the W3C format and CloudFront share: the header, and the values below it. */
abstract class FieldsReader implements LineReader {
  #places: ReadonlyMap<string, number> | null = null;
  #date = '';
  #values: readonly string[] = [];
  readonly #fieldOf: FieldOf = (name) => {
    const place = this.#places?.get(name);
    return place === undefined ? undefined : this.#values[place];
  };

  read(text: string, ended: boolean): Parsed | null {
    if (text.startsWith('#')) {
      this.#readDirective(text);
      return null;
    }
    if (this.#places === null) return err('no_fields');
    if (!ended) return err('not_ended');
    if (!this.isComplete(this.#places)) return err('lacks_fields');
    this.#values = valuesOf(text);
    if (this.#values.length !== this.#places.size) return err('misaligned');
    return this.entryOf(this.#fieldOf, this.#date);
  }

  #readDirective(text: string): void {
    const directive = /^#\s*(Fields|Date):\s*(.*)$/i.exec(text);
    if (!directive) return;
    const value = (directive[2] as string).trim();
    if (directive[1]?.toLowerCase() === 'date') this.#date = value.slice(0, 10);
    else {
      const names = value.toLowerCase().split(/\s+/, MOST_FIELDS);
      // A name that occurs twice still has its place.
      this.#places = new Map(
        names.map((name, place) => [names.indexOf(name) === place ? name : `${name} ${place}`, place]),
      );
    }
  }

  protected abstract isComplete(names: ReadonlyMap<string, number>): boolean;
  protected abstract entryOf(fieldOf: FieldOf, date: string): Parsed;
}

const QUOTED_OR_BARE = /"((?:[^"]|"")*)"|[^ \t]+/g;

/** CloudFront separates values by tabs, IIS by spaces, which it replaces by `+` within values. The W3C's format allows quotes. */
function valuesOf(line: string): readonly string[] {
  if (line.includes('\t')) return line.split('\t', MOST_FIELDS + 1);
  if (!line.includes('"')) return line.trimEnd().split(' ', MOST_FIELDS + 1);
  const values: string[] = [];
  for (const match of line.matchAll(QUOTED_OR_BARE)) {
    if (values.push(match[1]?.replaceAll('""', '"') ?? match[0]) > MOST_FIELDS) break;
  }
  return values;
}

/** The W3C's extended log format, as IIS writes it. */
export class W3cReader extends FieldsReader {
  protected override isComplete(names: ReadonlyMap<string, number>): boolean {
    const hasPath = names.has('cs-uri-stem') || names.has('cs-uri');
    return hasPath && ['time', 'c-ip', 'cs-method', 'sc-status'].every((name) => names.has(name));
  }

  protected override entryOf(fieldOf: FieldOf, date: string): Parsed {
    const forwarded = present(fieldOf('x-forwarded-for') ?? '');
    return entryOf({
      host: fieldOf('cs-host') ?? fieldOf('cs(host)'),
      // A field that owners add behind a load balancer, whose own address c-ip is then.
      address: forwarded === '' ? fieldOf('c-ip') : forwarded.replaceAll('+', ' '),
      time: isoTime(`${fieldOf('date') ?? date}T${fieldOf('time')}`),
      method: fieldOf('cs-method'),
      target: w3cTarget(fieldOf),
      status: fieldOf('sc-status'),
      referer: fieldOf('cs(referer)'),
      userAgent: fieldOf('cs(user-agent)')?.replaceAll('+', ' '),
    });
  }
}

/** The path as IIS has decoded it, with `+` for spaces, and the query as it was sent. */
function w3cTarget(fieldOf: FieldOf): string | undefined {
  const stem = fieldOf('cs-uri-stem');
  if (stem === undefined) return fieldOf('cs-uri');
  const query = present(fieldOf('cs-uri-query') ?? '');
  const path = stem.replaceAll(/[+?#]/g, (sign) => PATH_ESCAPES[sign] as string);
  return query === '' ? path : `${path}?${query}`;
}

const PATH_ESCAPES: Readonly<Record<string, string>> = { '+': '%20', '?': '%3F', '#': '%23' };

/** CloudFront's standard logs, and its newer ones in W3C form. */
export class CloudfrontReader extends FieldsReader {
  protected override isComplete(names: ReadonlyMap<string, number>): boolean {
    const isCloudfront = [...names.keys()].some(
      (name) => name.startsWith('x-edge-') || name === 'x-host-header',
    );
    return isCloudfront && ['c-ip', 'cs-method', 'cs-uri-stem', 'sc-status'].every((name) => names.has(name));
  }

  protected override entryOf(fieldOf: FieldOf): Parsed {
    return cloudfrontEntry(fieldOf);
  }
}
