#!/usr/bin/env node
// Here so that npm can link the command before it is built.
import '../dist/sluice.js';
