/** Serves the page of a public link. It is the dashboard's page, and only the sites that its owner lists may frame it. */
import type { Env } from '../env.ts';
import { dashboardPage } from './dashboard.ts';
import { Problem } from './problem.ts';
import { openPublicPage } from './public-pages.ts';

export async function publicPage(request: Request, env: Env): Promise<Response> {
  const id = new URL(request.url).pathname.slice('/app/public/'.length);
  const link = await openPublicPage(id, request, env).catch((error: unknown) => {
    // There is no such page any more. It says so itself, but in no frame.
    if (error instanceof Problem) return null;
    throw error;
  });
  // A browser must not keep a page with a former list.
  return dashboardPage(request, 'no-store', link?.embed_origins);
}
