import { existsSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { tryListen } from '../../scripts/lib/address.ts';
import { secretIn } from '../../scripts/lib/dev-vars.ts';
import { copyProject, type Project, processesOf, type Script } from './project.ts';

const projects: Project[] = [];
const scripts: Script[] = [];

afterEach(async () => {
  for (const script of scripts.splice(0)) {
    script.child.kill('SIGTERM');
    await script.ended;
  }
  for (const project of projects.splice(0)) project.remove();
});

function project(options?: Parameters<typeof copyProject>[0]): Project {
  const copy = copyProject(options);
  projects.push(copy);
  return copy;
}

function start(copy: Project, args: readonly string[], environment?: NodeJS.ProcessEnv): Script {
  const script = copy.run('scripts/start.ts', args, environment);
  scripts.push(script);
  return script;
}

async function banner(script: Script): Promise<{ url: string; port: number }> {
  const [, url, port] = await script.printed(/^Speck runs at (http:\/\/127\.0\.0\.1:(\d+))$/m);
  await script.printed(/data-pixel/);
  return { url: url as string, port: Number(port) };
}

test('the first start creates a token, and Ctrl-C ends all processes', async () => {
  const copy = project();
  const script = start(copy, ['--port', '0']);
  const { url, port } = await banner(script);

  const token = secretIn(copy.read('.dev.vars'), 'ADMIN_TOKEN') ?? '';
  expect(token).toMatch(/^[\w-]{43}$/);
  // What is printed here goes to a pipe, as it would go to a log.
  expect(script.stdout() + script.stderr()).not.toContain(token);
  expect(script.stdout()).toMatch(/^Token +ADMIN_TOKEN in \.dev\.vars$/m);
  const [, secret = ''] = /^SECRET_KEY=([\w-]{43})$/m.exec(copy.read('.dev.vars')) ?? [];
  expect(copy.read('.dev.vars')).toBe(
    copy
      .read('.dev.vars.example')
      .replace('ADMIN_TOKEN=\n', `ADMIN_TOKEN=${token}\n`)
      .replace('SECRET_KEY=\n', `SECRET_KEY=${secret}\n`),
  );
  expect(secret).not.toBe(token);
  expect(script.stdout() + script.stderr()).not.toContain(secret);
  expect(script.stdout()).toContain(`curl ${url}/api/v1/pixels`);
  expect(script.stdout()).toContain(`<script defer src="${url}/speck.js"`);
  expect((await fetch(`${url}/health`)).status).toBe(200);

  script.child.kill('SIGINT');
  expect(await script.ended).toBe(0);
  expect(await tryListen('127.0.0.1', port)).toEqual({ port });
  expect(processesOf(copy)).toEqual([]);
  expect(script.stdout()).not.toContain('not automatically triggered');
  expect(script.stderr()).not.toContain('Warning');
});

test('a later start keeps the token and the stored events', async () => {
  const copy = project();
  const settings = `# mine\nADMIN_TOKEN="an-older-token"\nSECRET_KEY=${'k'.repeat(43)}\nCRON_STATEMENTS=40\n`;
  writeFileSync(join(copy.directory, '.dev.vars'), settings);
  const pixel = { name: 'Kept', url: 'https://site.example' };

  const first = start(copy, ['--port=0', '--persist-to', 'elsewhere']);
  const { url } = await banner(first);
  const headers = { authorization: 'Bearer an-older-token', 'content-type': 'application/json' };
  const added = await fetch(`${url}/api/v1/pixels`, { method: 'POST', headers, body: JSON.stringify(pixel) });
  expect(added.status).toBe(201);
  const { id } = (await added.json()) as { id: string };
  first.child.kill('SIGTERM');
  expect(await first.ended).toBe(0);

  const second = start(copy, ['--persist-to', 'elsewhere'], { PORT: '0' });
  const again = await banner(second);
  const storedResponse = await fetch(`${again.url}/api/v1/pixels/${id}`, { headers });
  expect(await storedResponse.json()).toMatchObject(pixel);
  expect(copy.read('.dev.vars')).toBe(settings);
  expect(existsSync(join(copy.directory, '.wrangler', 'state'))).toBe(false);
});

test('a .dev.vars from before SECRET_KEY gets one', async () => {
  const copy = project();
  writeFileSync(join(copy.directory, '.dev.vars'), 'ADMIN_TOKEN=an-older-token\n');
  const script = start(copy, ['--port', '0']);
  const { url } = await banner(script);
  expect(copy.read('.dev.vars')).toMatch(/^ADMIN_TOKEN=an-older-token\nSECRET_KEY=[\w-]{43}\n$/);
  const headers = { authorization: 'Bearer an-older-token' };
  expect((await fetch(`${url}/api/v1/pixels`, { headers })).status).toBe(200);
});

test('a port in use is reported before anything is created', async () => {
  const server = await listen();
  const { port } = server.address() as { port: number };
  const copy = project();

  const script = start(copy, [], { PORT: String(port) });
  expect(await script.ended).toBe(1);
  expect(script.stderr()).toContain(`127.0.0.1:${port} is taken`);
  expect(script.stderr()).toContain(`PORT=${port + 1} npm start`);
  expect(existsSync(join(copy.directory, '.dev.vars'))).toBe(false);
  expect(existsSync(join(copy.directory, '.wrangler'))).toBe(false);
  server.close();
});

test('an invalid port is reported', async () => {
  const script = start(project(), ['--port', 'http']);
  expect(await script.ended).toBe(1);
  expect(script.stderr()).toContain('The port is "http"');
});

test('a configured address does not prevent a local start, and the Worker uses the local address', async () => {
  const copy = project();
  const file = join(copy.directory, 'wrangler.toml');
  writeFileSync(file, copy.read('wrangler.toml').replace(/^# routes =/m, 'routes ='));
  const { url } = await banner(start(copy, ['--port', '0']));
  expect((await fetch(`${url}/app/`)).status).toBe(200);
  expect((await statusOf(url, 'px.example.com')).status).toBe(308);
  expect((await statusOf(url, 'px.example.com', '/api/v1/pixels')).status).toBe(403);
  expect((await statusOf(url, 'localhost', '/api/v1/pixels')).status).toBe(401);
});

test('listening for other machines without TLS prints a warning, and the API is closed to them', async () => {
  const copy = project();
  const script = start(copy, ['--port', '0', '--ip', '0.0.0.0']);
  const { url } = await banner(script);
  await script.printed(/other machines reach Speck on 0\.0\.0\.0 in plain http/, 'stderr');
  await script.printed(/--local-protocol https/, 'stderr');
  expect((await statusOf(url, '192.0.2.1', '/api/v1/pixels')).status).toBe(403);
});

test('a build error is reported, and the command fails', async () => {
  const copy = project({ builds: true });
  writeFileSync(join(copy.directory, 'src', 'index.ts'), 'export default {');
  const script = start(copy, ['--port', '0']);
  expect(await script.ended).toBe(1);
  expect(script.stderr()).toContain('src/index.ts');
  expect(script.stderr()).toContain('The local Worker ended by itself');
  expect(script.stdout()).not.toContain('Speck runs at');
});

/** What is answered to a request for another host, which `fetch` cannot send. */
function statusOf(url: string, host: string, path = '/app/'): Promise<{ status: number }> {
  return new Promise((resolve, reject) => {
    request(url + path, { headers: { host } }, (response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0 });
    })
      .once('error', reject)
      .end();
  });
}

function listen(): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => resolve(server));
  });
}
