/** Serves the OpenAPI document, which is generated when the Worker is built (scripts/build-openapi.ts). */
import document from '../../dist/openapi.json.txt?raw';
import { cachedResponse } from './cached.ts';

export function description(request: Request): Promise<Response> {
  return cachedResponse(request, document, {
    'content-type': 'application/json',
    'cache-control': 'public, max-age=3600',
    'access-control-allow-origin': '*',
  });
}
