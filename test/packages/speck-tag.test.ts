/** The npm package as it would be published: what it holds, that it runs without a page, and that its types and bundles hold. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../e2e/harness.ts';

const HOME = join(ROOT, 'packages/speck-tag');

/** A project of its own that has installed the packed files. */
let project: string;
beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'speck-consumer-'));
  const [packed] = JSON.parse(
    run('npm', ['pack', '--json', '--offline', '--pack-destination', project], HOME),
  ) as [{ filename: string }];
  run('tar', ['-xzf', packed.filename], project);
  mkdirSync(join(project, 'node_modules'));
  cpSync(join(project, 'package'), join(project, 'node_modules/speck-tag'), { recursive: true });
  writeFileSync(join(project, 'package.json'), '{"type": "module"}');
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

function run(command: string, args: readonly string[], cwd = project): string {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Runs a module in the project with Node, and returns what it prints. */
function runModule(code: string): string {
  writeFileSync(join(project, 'main.mjs'), code);
  return run(process.execPath, ['main.mjs']).trim();
}

/** What a bundler makes of a module of the project, and a page loads with it. What is loaded later has files of its own. */
async function bundled(code: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: project },
    bundle: true,
    splitting: true,
    outdir: join(project, 'out'),
    format: 'esm',
    write: false,
    logLevel: 'error',
  });
  // The last is what the others share: nothing else may ask for it.
  const first = outputFiles.filter(({ path }) => !/\/(send|hash|relay|chunk)-\w+\.js$/.test(path));
  const text = first.map(({ text }) => text).join('\n');
  expect(text).not.toMatch(/(from|import) ?"\.\/chunk/);
  return text;
}

describe('the packed package', () => {
  it('has these files and no others', () => {
    const files = readdirSync(join(project, 'package'), { recursive: true, encoding: 'utf8' });
    expect(files.filter((name) => name.includes('.') || name === 'LICENSE').toSorted()).toEqual([
      'LICENSE',
      'README.md',
      'dist/chunk.js',
      'dist/hash.js',
      'dist/index.d.ts',
      'dist/index.js',
      'dist/relay.js',
      'dist/send.js',
      'dist/server.d.ts',
      'dist/server.js',
      'package.json',
    ]);
    const [dry] = JSON.parse(run('npm', ['pack', '--dry-run', '--json', '--offline'], HOME)) as [
      { name: string; files: { path: string }[] },
    ];
    expect(dry.files).toHaveLength(11);
    expect(dry.name).toBe('speck-tag');
  });

  it('needs nothing else, and imports its own files only', () => {
    const manifest = JSON.parse(readFileSync(join(project, 'package/package.json'), 'utf8')) as object;
    expect(manifest).not.toHaveProperty('dependencies');
    expect(manifest).not.toHaveProperty('scripts');
    for (const name of readdirSync(join(project, 'package/dist'))) {
      const text = readFileSync(join(project, 'package/dist', name), 'utf8');
      for (const [, target] of text.matchAll(/(?:\bfrom |\bimport\(|\bimport )["']([^"']+)["']/g)) {
        expect(['./send.js', './hash.js', './relay.js', './chunk.js'], name).toContain(target);
      }
    }
  });

  it('has the license of the project', () => {
    expect(readFileSync(join(project, 'package/LICENSE'), 'utf8')).toBe(
      readFileSync(join(ROOT, 'LICENSE'), 'utf8'),
    );
  });
});

describe('in Node, without a page', () => {
  it('does nothing when it is imported, and nothing when it is called', () => {
    const printed = runModule(`
      const before = Object.getOwnPropertyNames(globalThis).length;
      // Whatever asks for one of these fails.
      for (const name of ['window', 'document', 'navigator', 'location', 'history', 'localStorage']) {
        Object.defineProperty(globalThis, name, { get() { throw new Error(name + ' was read'); }, configurable: true });
      }
      const tag = await import('speck-tag');
      const server = await import('speck-tag/server');
      for (const name of ['window', 'document']) delete globalThis[name];
      tag.init({ pixel: 'px_1', endpoint: 'https://px.example.com' });
      tag.track('Signup', { plan: 'pro' });
      tag.pageview();
      tag.identify('user-1');
      tag.consent('granted');
      tag.optOut();
      for (const name of ['navigator', 'location', 'history', 'localStorage']) delete globalThis[name];
      console.log(JSON.stringify({ tag: Object.keys(tag), server: Object.keys(server), speck: 'speck' in globalThis }));
    `);
    expect(JSON.parse(printed)).toEqual({
      tag: ['consent', 'identify', 'init', 'optOut', 'pageview', 'track'],
      server: ['SpeckError', 'createClient'],
      speck: false,
    });
  });

  it('lets a process end that has imported it, or has a client with nothing to send', () => {
    expect(
      runModule(`
        import { createClient } from 'speck-tag/server';
        createClient({ endpoint: 'http://127.0.0.1:9', token: 't' });
        console.log('done');
      `),
    ).toBe('done');
  });
});

describe('a bundle', () => {
  it('that only tracks has neither the tag nor the server part', async () => {
    const text = await bundled("import { track } from 'speck-tag'; track('Signup');");
    expect(text).not.toMatch(/sendBeacon|startTag|api\/v1|composedPath|SHA-256/);
    // With the ids of events that wait for the tag.
    expect(text.length).toBeLessThan(900);
  });

  it('of an import without a use is empty', async () => {
    expect(await bundled("import 'speck-tag'; import 'speck-tag/server';")).not.toMatch(/speck|function/);
  });

  it('of the tag has nothing of the server part, and the rare transports apart', async () => {
    const text = await bundled(
      "import { init } from 'speck-tag'; init({ pixel: 'px_1', endpoint: 'https://px' });",
    );
    expect(text).toContain('sendBeacon');
    expect(text).not.toContain('api/v1/events');
  });

  it('of the server part has nothing of the tag', async () => {
    const text = await bundled("import { createClient } from 'speck-tag/server'; console.log(createClient);");
    expect(text).toContain('api/v1/events');
    expect(text).not.toMatch(/sendBeacon|document/);
  });
});

describe('the types', () => {
  const CODE = `
    import { consent, identify, init, optOut, pageview, track, type Options } from 'speck-tag';
    import { createClient, type SendResult, SpeckError } from 'speck-tag/server';
    const options: Options = { pixel: 'px_1', endpoint: 'https://px.example.com', use: ['forms', '404'], consent: 'denied' };
    init(options);
    init({ pixel: 'px_1', endpoint: 'https://example.com/stats', use: 'all', downloads: ['stl'], collectPath: '/x', local: true });
    track('Purchase', { value: 49.9, currency: 'EUR', items: [{ sku: 'x' }] }, { eventID: 'A-17' });
    init({ pixel: 'px_1', endpoint: 'https://px.example.com', relay: true });
    const id: string | undefined = track('anything');
    pageview('https://site.example/virtual', { plan: 'pro' });
    identify('user-1', { email: 'ann@site.example', sig: '00' });
    identify(null);
    consent('granted');
    optOut();
    const speck = createClient({ endpoint: 'https://px.example.com', token: 't', pixel: 'px_1', onError(error: SpeckError) {} });
    speck.track('Purchase', { data: { value: 1 }, time: new Date(), ip: '192.0.2.1', userAgent: 'x', uid: 7 });
    speck.pageview('/', { uid: 'user-1' });
    const result: Promise<SendResult> = speck.flush();
    result.then(({ rejected }) => rejected[0]?.event.name);
    // @ts-expect-error: no endpoint
    init({ pixel: 'px_1' });
    // @ts-expect-error: no such option
    init({ ...options, uses: 'all' });
    // @ts-expect-error: no such report
    init({ ...options, use: ['links'] });
    // @ts-expect-error: a name is missing
    track();
    // @ts-expect-error: a currency is a text
    track('Purchase', { currency: 978 });
    // @ts-expect-error: no such choice
    consent('yes');
    // @ts-expect-error: no token
    createClient({ endpoint: 'https://px.example.com' });
    // @ts-expect-error: not eventId
    speck.track('Purchase', { eventId: 'A-17' });
  `;

  it.each([
    ['bundler', 'esnext'],
    ['node16', 'node16'],
    ['nodenext', 'nodenext'],
  ])('hold in a project of its own, with module resolution %s', (moduleResolution, module) => {
    writeFileSync(join(project, 'main.ts'), CODE);
    const options = {
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      skipLibCheck: false,
      types: [],
      lib: ['es2022', 'dom'],
      target: 'es2022',
      moduleResolution,
      module,
    };
    writeFileSync(
      join(project, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: options, files: ['main.ts'] }),
    );
    let problems = '';
    try {
      run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', project]);
    } catch (error) {
      problems = (error as { stdout: string }).stdout;
    }
    expect(problems).toBe('');
  });
});
