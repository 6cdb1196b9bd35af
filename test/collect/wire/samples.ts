/**
 * Requests of real clients, by tool: what the fuzzing tests mutate. Each path of a format is in one of them. Add the requests that a
 * new format's client sends, and what is special about it: packed bodies, base64, secrets.
 */
import type { PixelKey } from '../../../src/model/pixel-key.ts';
import type { Sample } from '../../fuzz.ts';

const FROM_PAGE = { origin: 'https://site.example', referer: 'https://site.example/' };
const AS_JSON = { 'content-type': 'application/json' };
const WITH_TOKEN = { authorization: 'Bearer TOKEN' };

const plausible: readonly Sample[] = [
  {
    method: 'POST',
    path: '/api/event',
    headers: { ...FROM_PAGE, 'content-type': 'text/plain' },
    body: '{"n":"pageview","v":36,"u":"https://site.example/p?utm_source=nl","d":"PIXEL","r":"https://google.com/"}',
  },
  {
    method: 'POST',
    path: '/api/event',
    headers: { ...FROM_PAGE, 'content-type': 'text/plain' },
    body: '{"n":"Signup","v":36,"u":"https://site.example/#/p","d":"PIXEL,site.example","r":null,"p":{"plan":"pro","a":{"b":[1]}},"$":{"amount":9.5,"currency":"USD"},"h":1,"i":false}',
  },
  {
    method: 'POST',
    path: '/api/event',
    headers: { ...FROM_PAGE, 'content-type': 'text/plain' },
    body: '{"n":"engagement","sd":60,"d":"PIXEL","u":"https://site.example/p","p":{},"e":3608,"v":36}',
  },
  {
    method: 'POST',
    path: '/api/event',
    headers: { ...AS_JSON, ...WITH_TOKEN, 'x-forwarded-for': '192.0.2.7, 198.51.100.1' },
    body: '{"name":"404","url":"app://localhost/p","domain":"PIXEL","referrer":"","meta":"{\\"path\\":\\"/x\\"}","revenue":"{\\"amount\\":\\"9.5\\",\\"currency\\":\\"EUR\\"}"}',
  },
];

/** Absent only while a tool has no format. */
export const SAMPLES: Readonly<Partial<Record<PixelKey, readonly Sample[]>>> = { plausible };
