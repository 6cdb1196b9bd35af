/** What a statistics page loads once its first view has been painted, in one file. */
export { Badge } from './badge.tsx';
export { NoData } from './no-data.tsx';
export { Panels } from './panels.tsx';
