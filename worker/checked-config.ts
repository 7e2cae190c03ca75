// The build step of wrangler.toml runs this module once and puts its value in its place: the Worker carries no schema.
import config from '../limpet.config.ts';
import { loadConfig } from './config/parse.ts';

export default loadConfig(config, { production: false });
