import { unsharePostgres } from './shared-postgres.js';

export default unsharePostgres;
