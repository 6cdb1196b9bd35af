/**
 * Builds the dashboard: its scripts and styles into dist/public, which Cloudflare serves as static assets, its page into
 * dist/app.html.txt, which the Worker serves with the headers that keep it safe.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { worldMap } from './lib/world-map.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = `${root}/src/dashboard`;
const assets = `${root}/dist/public/app/assets`;

mkdirSync(`${root}/dist`, { recursive: true });
writeFileSync(`${root}/dist/world.json`, JSON.stringify(worldMap()));

await build({
  root: source,
  base: '/app/',
  configFile: false,
  logLevel: 'warn',
  publicDir: false,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: `${root}/dist/public/app`,
    emptyOutDir: true,
    target: 'es2022',
    // An icon in a data URL is what the page's policy forbids.
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});

// By itself and before all else, or a page in the other theme than the system's would flash.
const theme = readFileSync(`${source}/theme.js`, 'utf8');
const name = `theme-${createHash('sha256').update(theme).digest('base64url').slice(0, 8)}.js`;
mkdirSync(assets, { recursive: true });
writeFileSync(`${assets}/${name}`, theme);

const page = readFileSync(`${root}/dist/public/app/index.html`, 'utf8');
writeFileSync(
  `${root}/dist/app.html.txt`,
  page.replace('<title>', `<script src="/app/assets/${name}"></script>\n    <title>`),
);
rmSync(`${root}/dist/public/app/index.html`);
writeFileSync(
  `${root}/dist/public/_headers`,
  '/app/assets/*\n  Cache-Control: public, max-age=31536000, immutable\n  X-Content-Type-Options: nosniff\n  Cross-Origin-Resource-Policy: same-origin\n',
);
