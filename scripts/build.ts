/** `npm run build`: makes what the Worker serves as texts. wrangler runs it before it bundles the Worker. */
import './build-tag.ts';
import './build-dashboard.ts';
import './build-openapi.ts';
