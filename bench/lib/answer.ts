/** What a Worker answers to the pixel, in full, so that all contenders can be held to the same answer. */
import { request } from 'node:http';

export interface Answer {
  readonly status: number;
  /** Lower-case names, sorted; without those that the runtime sets by itself. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body, base64. */
  readonly body: string;
}

const SET_BY_RUNTIME = new Set(['date', 'content-length', 'connection', 'transfer-encoding']);

const AGENT = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0';

/** Fetches the pixel once, as a browser would. */
export function fetchAnswer(port: number, pixel: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const path = `/p.gif?id=${pixel}&ev=PageView&dl=https%3A%2F%2Fsite.example%2F`;
    const headers = { host: 'px.site.example', 'user-agent': AGENT, 'cf-connecting-ip': '203.0.113.7' };
    const sent = request({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const headers = Object.entries(response.headersDistinct)
          .filter(([name]) => !SET_BY_RUNTIME.has(name))
          .map(([name, values = []]) => [name, values.join(', ')] as const)
          .sort(([a], [b]) => (a < b ? -1 : 1));
        resolve({
          status: response.statusCode ?? 0,
          headers: Object.fromEntries(headers),
          body: Buffer.concat(chunks).toString('base64'),
        });
      });
    });
    sent.on('error', reject);
    sent.end();
  });
}

/** Throws unless both are the same in status, headers and body. */
export function assertSameAnswer(name: string, answer: Answer, expected: Answer): void {
  const [got, wanted] = [answer, expected].map((each) => JSON.stringify(each, null, 2));
  if (got !== wanted)
    throw new Error(`${name} does not answer what Speck answers:\n${got}\nSpeck:\n${wanted}`);
}
