// Camera rays: a pinhole, or a thin lens when lens_radius > 0. All points of the lens aim at the point that the pinhole
// ray meets at focus_distance along the camera's axis, so what lies there is sharp.

struct CameraRay {
  origin: vec3f,
  direction: vec3f,
}

/// `jitter` places the ray in its pixel, `lens` on the lens; both uniform in [0, 1)^2.
fn camera_ray(pixel: vec2u, jitter: vec2f, lens: vec2f) -> CameraRay {
  let film_point = (vec2f(pixel) + jitter) / vec2f(f32(scene.width), f32(scene.height)) * 2.0 - vec2f(1.0);
  let aim = scene.camera_forward + scene.camera_right * film_point.x - scene.camera_up * film_point.y;
  if (!HAS_LENS || scene.lens_radius <= 0.0) {
    return CameraRay(scene.camera_origin, unit(aim));
  }
  let disk = disk_from_square(lens) * scene.lens_radius;
  let shift = unit(scene.camera_right) * disk.x + unit(scene.camera_up) * disk.y;
  return CameraRay(scene.camera_origin + shift, unit(aim * scene.focus_distance - shift));
}
