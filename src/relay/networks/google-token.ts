/**
 * Access to Google's APIs with the key of a service account (RFC 7523): a signed statement is exchanged for a token of an hour. The key file names the
 * address of the exchange, too. It is ignored: a file from elsewhere could name another one, and the statement would go there.
 */
import { ownAnswer } from '../../model/delivery.ts';
import { base64url } from '../../model/random.ts';
import type { Access, RelayRequest, RelayResponse, TokenExchange, Verdict } from '../network.ts';
import { answerOf, hostField, jsonOf, secondsOf, settingOf, textAt } from './shared.ts';

export const tokenHost = hostField(
  'https://oauth2.googleapis.com',
  'token_host',
  'Host of the tokens',
  'Where Speck exchanges the key for a token. Change it only to send through a proxy of your own, or for a test.',
);

/** For whom the statement is, whatever proxy it passes. */
const AUDIENCE = 'https://oauth2.googleapis.com/token';
const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const SCOPE = 'https://www.googleapis.com/auth/datamanager';
/** Seconds; Google allows no more. */
const LIFETIME = 3600;

const NEW_KEY =
  'In Google Cloud, open IAM & Admin, Service Accounts, the account, Keys. Add a key of the type JSON, and enter the whole text of its file in the destination.';

export const googleToken: TokenExchange = { request, read };

async function request(access: Access): Promise<RelayRequest | Extract<Verdict, { kind: 'stop' }>> {
  const assertion = await signed(access.secret, access.now).catch(() => null);
  if (assertion === null) {
    return {
      kind: 'stop',
      answer: {
        ...ownAnswer('The secret is not the JSON key of a service account.', NEW_KEY),
        code: 'invalid_key',
      },
    };
  }
  return {
    method: 'POST',
    url: `${settingOf(access.destination, tokenHost)}/token`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ grant_type: GRANT, assertion }).toString(),
  };
}

/** The statement of a service account that it wants a token. @throws if the text is no key. */
async function signed(keyFile: string, now: number): Promise<string> {
  const file = jsonOf(keyFile);
  const email = textAt(file, 'client_email');
  const pem = textAt(file, 'private_key');
  if (email === '' || pem === '') throw new Error('not the key of a service account');
  const key = await crypto.subtle.importKey(
    'pkcs8',
    bytesOf(pem),
    { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
    false,
    ['sign'],
  );
  const issued = secondsOf(now);
  const head = { alg: 'RS256', typ: 'JWT', kid: textAt(file, 'private_key_id') };
  const claims = { iss: email, scope: SCOPE, aud: AUDIENCE, iat: issued, exp: issued + LIFETIME };
  const statement = `${encoded(head)}.${encoded(claims)}`;
  const signature = await crypto.subtle.sign('RSASSA-PKCS1-v1_5', key, new TextEncoder().encode(statement));
  return `${statement}.${base64url(new Uint8Array(signature))}`;
}

const encoded = (part: object): string => base64url(new TextEncoder().encode(JSON.stringify(part)));

/** The bytes of a PEM block. @throws if it has none. */
function bytesOf(pem: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromBase64(pem.replace(/-----(?:BEGIN|END) PRIVATE KEY-----/g, ''));
}

function read(response: RelayResponse): { token: string; lifetime: number } | Verdict {
  const body = jsonOf(response.body);
  const token = textAt(body, 'access_token');
  if (response.status === 200 && token !== '') {
    return { token, lifetime: Number(textAt(body, 'expires_in')) || LIFETIME };
  }
  const answer = answerOf(response, {
    code: textAt(body, 'error'),
    message: textAt(body, 'error_description') || `Google gave no token, and answered ${response.status}.`,
  });
  if (response.status === 429 || response.status >= 500) return { kind: 'retry', answer, after: null };
  const advice =
    response.status >= 300 && response.status < 400
      ? 'Check the setting “Host of the tokens”.'
      : `The key is no longer valid, or its service account has been deleted. ${NEW_KEY}`;
  return { kind: 'stop', answer: { ...answer, advice } };
}
