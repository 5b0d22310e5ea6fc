export { type Film, type FilmCoverage, createFilm } from './film.ts';
export { ImageError, type ImageErrorCode } from './image-error.ts';
export { type PngOptions, encodePng, encodePreviewPng } from './png.ts';
export { channelsOf, encodeExr, encodeExrChannels } from './exr.ts';
export { type GuideFilm, type GuideName, createGuideFilm, guideNames } from './guide-film.ts';
export { type Look, type ToneMap, toneMaps } from './tone-map.ts';
