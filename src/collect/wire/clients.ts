/**
 * The wire formats of other tools' clients. The entry does not know them: an isolate that answers Speck's own pixels loads none. A
 * new format takes a file in this folder and a line in this table.
 */
import type { PixelKey } from '../../model/pixel-key.ts';
import type { Endpoint } from './endpoints.ts';
import type { WireFormat } from './format.ts';

/** A format that is loaded when one of its paths is first requested. */
export interface ClientFormat {
  readonly tool: PixelKey;
  /** The paths of its routes. `/flags/*` is any path below `/flags/`. */
  readonly paths: readonly string[];
  /** The query parameter by which its requests are known from those of another tool that has the same path. */
  readonly parameter?: string;
  readonly load: () => Promise<WireFormat>;
}

/** Sorted by tool. */
export const CLIENTS: readonly ClientFormat[] = [
  {
    tool: 'counterscale',
    paths: ['/collect', '/cache'],
    load: async () => (await import('./counterscale.ts')).counterscale,
  },
  {
    tool: 'ga4',
    paths: ['/g/collect', '/mp/collect', '/debug/mp/collect'],
    load: async () => (await import('./ga4.ts')).ga4,
  },
  {
    tool: 'goatcounter',
    paths: ['/count', '/count/*', '/api/v0/count'],
    load: async () => (await import('./goatcounter.ts')).goatcounter,
  },
  {
    tool: 'linkedin',
    paths: ['/collect'],
    parameter: 'pid',
    load: async () => (await import('./linkedin.ts')).linkedin,
  },
  {
    tool: 'matomo',
    paths: [
      '/matomo.php',
      '/piwik.php',
      '/matomo/matomo.php',
      '/matomo/piwik.php',
      '/piwik/matomo.php',
      '/piwik/piwik.php',
    ],
    load: async () => (await import('./matomo.ts')).matomo,
  },
  {
    tool: 'meta',
    paths: ['/tr/'],
    load: async () => (await import('./meta.ts')).meta,
  },
  {
    tool: 'openai',
    paths: ['/v1/sdk/events'],
    load: async () => (await import('./openai.ts')).openai,
  },
  {
    tool: 'plausible',
    paths: ['/api/event'],
    load: async () => (await import('./plausible.ts')).plausible,
  },
  {
    tool: 'posthog',
    paths: [
      '/e',
      '/i/v0/e',
      '/batch',
      '/capture',
      '/track',
      '/decide',
      '/flags',
      '/engage',
      '/s',
      '/array/*',
    ],
    load: async () => (await import('./posthog.ts')).posthog,
  },
  {
    tool: 'segment',
    paths: [
      ...['track', 'page', 'screen', 'identify', 'group', 'alias', 'batch', 'import'].map(
        (call) => `/v1/${call}`,
      ),
      ...['t', 'p', 's', 'i', 'g', 'a', 'b', 'm'].map((call) => `/v1/${call}`),
      ...['/v1/projects/*', '/v1/pixel/*', '/pixel/v1/*', '/beacon/v1/batch'],
    ],
    load: async () => (await import('./segment.ts')).segment,
  },
  {
    tool: 'snowplow',
    paths: ['/i', '/com.snowplowanalytics.snowplow/tp2', '/com.snowplowanalytics.iglu/v1'],
    load: async () => (await import('./snowplow.ts')).snowplow,
  },
  {
    tool: 'umami',
    paths: ['/api/send', '/api/batch', '/p/*'],
    load: async () => (await import('./umami.ts')).umami,
  },
];

/** By path, those with a parameter first. */
const exact = Map.groupBy(
  CLIENTS.flatMap((client) => client.paths.map((path) => ({ path, client }))).toSorted(
    (one, other) => Number(other.client.parameter !== undefined) - Number(one.client.parameter !== undefined),
  ),
  ({ path }) => path,
);
const prefixes = [...exact.keys()].filter((path) => path.endsWith('/*')).map((path) => path.slice(0, -1));

/** The endpoints of the formats that have been loaded, by the path in the table. */
const loaded = new WeakMap<ClientFormat, ReadonlyMap<string, Endpoint>>();

type EndpointsOf = (formats: readonly WireFormat[]) => ReadonlyMap<string, Endpoint>;

/**
 * The endpoint of a request; undefined if its path is none of these formats'. A slash at the end of the path does not count,
 * unless the table has it.
 * @param endpointsOf of endpoints.ts, which the entry has: a second import would put it into a module of its own.
 */
export async function findEndpoint(url: string, endpointsOf: EndpointsOf): Promise<Endpoint | undefined> {
  const { pathname, searchParams } = new URL(url);
  const path = exact.has(pathname) || !pathname.endsWith('/') ? pathname : pathname.slice(0, -1);
  const name = exact.has(path) ? path : prefixes.find((prefix) => path.startsWith(prefix))?.concat('*');
  if (name === undefined) return undefined;
  const client = exact
    .get(name)
    ?.find(({ client: { parameter } }) => parameter === undefined || searchParams.has(parameter))?.client;
  if (client === undefined) return undefined;
  let endpoints = loaded.get(client);
  if (endpoints === undefined) {
    endpoints = endpointsOf([await client.load()]);
    loaded.set(client, endpoints);
  }
  return endpoints.get(name);
}
