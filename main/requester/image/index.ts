export { type Film, type FilmCoverage, createFilm } from './film.ts';
export { ImageError, type ImageErrorCode } from './image-error.ts';
export { encodePng, encodePreviewPng } from './png.ts';
