/** The OpenAPI document is complete: what the router serves and refuses is in it. */
import { describe, expect, it } from 'vitest';
import built from '../../dist/openapi.json.txt?raw';
import { openApi, reasonsOf } from '../../src/api/openapi.ts';
import { PROBLEMS } from '../../src/api/problem.ts';
import { ROUTES } from '../../src/api/routes.ts';
import { CLIENTS } from '../../src/collect/wire/clients.ts';
import { FORMATS } from '../../src/collect/wire/table.ts';
import { DIMENSION_NAMES, PROPERTY_PREFIX, TIME_DIMENSIONS } from '../../src/model/dimensions.ts';
import { METRICS } from '../../src/model/metrics.ts';
import { parseQuery } from '../../src/query/language.ts';
import { DIMENSION, filterSchema, METRIC } from '../../src/query/schema.ts';

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: unknown;
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, Content>> }>>;
}
interface Content {
  readonly schema: { readonly properties?: { readonly reason: { readonly enum: readonly string[] } } };
}

const document = openApi() as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
};
const operations = Object.values(document.paths).flatMap((path) => Object.values(path));

const sources = import.meta.glob<string>('../../src/api/*.ts', {
  query: '?raw',
  import: 'default',
  eager: true,
});
const files = Object.entries(sources).map(([path, text]) => ({ file: path.split('/').at(-1) ?? '', text }));

const reasonsIn = ({ responses }: Operation): string[] =>
  Object.values(responses).flatMap(
    ({ content }) => content?.['application/problem+json']?.schema.properties?.reason.enum ?? [],
  );

describe('the OpenAPI document', () => {
  it.each(ROUTES.map((route) => [`${route.method} ${route.path}`, route] as const))(
    'has %s with its parameters, its body and its problems',
    (_, route) => {
      const operation =
        document.paths[route.path.replaceAll(/:(\w+)/g, '{$1}')]?.[route.method.toLowerCase()];
      expect(operation).toMatchObject({ operationId: route.name, summary: route.summary });
      const parameterNames = (place: string) =>
        operation?.parameters?.filter((one) => one.in === place).map(({ name }) => name);
      expect(parameterNames('query')).toEqual(Object.keys(route.query?.entries ?? {}));
      expect(parameterNames('path')).toEqual([...route.path.matchAll(/:(\w+)/g)].map(([, name]) => name));
      expect(operation?.requestBody !== undefined).toBe(route.body !== undefined);
      expect(new Set(operation && reasonsIn(operation))).toEqual(new Set(reasonsOf(route)));
      for (const status of Object.keys(route.responses)) expect(operation?.responses).toHaveProperty(status);
    },
  );

  it('has only these paths, those that collect events and the public ones', () => {
    const router = files.find(({ file }) => file === 'router.ts')?.text ?? '';
    const tables = [...router.matchAll(/(?:PUBLIC|PAGES): .*?\{(.*?)\};/gs)].map(([, table]) => table);
    const anyone = [...tables.join().matchAll(/'(\/[^']+)': /g)].map(([, path]) => path);
    expect(anyone).toContain('/health');
    expect(anyone).toContain('/privacy');
    const ofTools = CLIENTS.flatMap((client) => client.paths);
    const isAt = (tool: string, path: string): boolean =>
      tool.endsWith('*') ? path.startsWith(tool.slice(0, -1)) : path === tool;
    const described = Object.keys(document.paths);
    expect(ofTools.filter((tool) => !described.some((path) => isAt(tool, path)))).toEqual([]);
    const own = [
      ...[...ROUTES.map(({ path }) => path), ...anyone].map((path = '') =>
        path.replaceAll(/:(\w+)/g, '{$1}'),
      ),
      ...FORMATS.flatMap(({ routes }) => routes.map(({ path }) => path)),
    ];
    expect(new Set(described.filter((path) => !ofTools.some((tool) => isAt(tool, path))))).toEqual(
      new Set(own),
    );
  });

  it('lists every problem that the code throws', () => {
    const thrown = files.flatMap(({ text }) =>
      [...text.matchAll(/new Problem\(\s*'(\w+)'/g)].map(([, reason]) => reason),
    );
    // Thrown by the name that reading the body gave them.
    const read = ['body_too_large', 'unsupported_encoding', 'broken_encoding', 'broken_body'];
    expect(new Set([...thrown, ...read])).toEqual(new Set(Object.keys(PROBLEMS)));
    const described = new Set(operations.flatMap(reasonsIn));
    // Of a path, not of an operation.
    expect(
      thrown.filter((reason) => !described.has(reason ?? '') && reason !== 'method_not_allowed'),
    ).toEqual([]);
    expect(Object.keys(PROBLEMS).filter((reason) => !described.has(reason))).toEqual(['method_not_allowed']);
  });

  it('lists every query parameter, since handlers read none by themselves', () => {
    const reading = files.filter(({ text }) => /searchParams\.(get|has|entries|keys)/.test(text));
    expect(reading.map(({ file }) => file)).toEqual(['parameters.ts']);
  });

  it('names each operation once, and has no dangling references', () => {
    const names = operations.map(({ operationId }) => operationId);
    expect(new Set(names).size).toBe(names.length);
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)];
    const used = new Set(references.map(([, name]) => name));
    expect(used).toEqual(new Set(Object.keys(document.components.schemas)));
  });

  it('is the one that the Worker was built with', () => {
    expect(JSON.parse(built)).toEqual(JSON.parse(JSON.stringify(document)));
  });
});

describe('the schema of a filter', () => {
  const errorOf = (change: object): string => {
    const parsed = parseQuery({ site_id: 'px_1', metrics: ['visitors'], date_range: '7d', ...change });
    return parsed.ok ? '' : (parsed.error[0]?.message ?? '');
  };
  const listedNames = (message: string): string[] =>
    (/Known: (.*)\.$/.exec(message)?.[1] ?? '').split(', ').toSorted();

  it('has the operators that the parser has', () => {
    const operators = filterSchema('').anyOf.flatMap(
      ({ prefixItems: [first] }) => (first as { enum: string[] }).enum,
    );
    expect(operators.toSorted()).toEqual(listedNames(errorOf({ filters: [['', '', []]] })));
  });

  it('has the metrics and dimensions that the parser has', () => {
    expect(METRIC.enum).toEqual([...METRICS.keys()]);
    const [names] = DIMENSION.anyOf as unknown as [{ enum: string[] }];
    const property = DIMENSION_NAMES.filter((name) => name.startsWith(PROPERTY_PREFIX));
    expect([...names.enum, ...property].toSorted()).toEqual(listedNames(errorOf({ dimensions: [''] })));
    expect(names.enum).toEqual(expect.arrayContaining([...TIME_DIMENSIONS]));
  });
});
