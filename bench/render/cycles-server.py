"""Renders glTF files with Blender's Cycles on the CPU, at the word of cycles.ts, which starts it and speaks to it in lines of
JSON: one command a line on the standard input, one answer a line on the standard output, marked so that Blender's own chatter
is told apart.

  blender --background --factory-startup --python cycles-server.py

No denoising, adaptive sampling, clamping, glossy filter or light threshold; caustics on; a box for a pixel filter. Blender's glTF
importer needs NumPy below 1.24; HEARTH_BENCH_NUMPY names a folder to import it from where the system has none.
"""
import array
import json
import math
import os
import sys
import time

import bpy

if "HEARTH_BENCH_NUMPY" in os.environ:
    sys.path.insert(0, os.environ["HEARTH_BENCH_NUMPY"])


def processor_ms():
    """Of all threads of this process, user and system."""
    return time.process_time() * 1000


def load(command):
    """A scene from a GLB; `background` is the radiance of the world."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    started = processor_ms()
    bpy.ops.import_scene.gltf(filepath=command["path"], convert_lighting_mode="COMPAT")
    scene = bpy.context.scene
    scene.camera = next(thing for thing in bpy.data.objects if thing.type == "CAMERA")
    world = bpy.data.worlds.new("world")
    world.use_nodes = True
    world.node_tree.nodes["Background"].inputs["Color"].default_value = [*command.get("background", [0, 0, 0]), 1]
    scene.world = world
    for material in bpy.data.materials:
        if is_matt(principled_of(material)):
            make_matt(material)
    for material in bpy.data.materials:
        if material.use_backface_culling:
            for node in [node for node in material.node_tree.nodes if node.type in ("EMISSION", "BSDF_PRINCIPLED")]:
                strength = node.inputs["Strength" if node.type == "EMISSION" else "Emission Strength"]
                color = node.inputs["Color" if node.type == "EMISSION" else "Emission"]
                if color.is_linked or max(color.default_value[:3]) > 0:
                    shine_from_front(material.node_tree, strength)
    for material in bpy.data.materials:
        for node in material.node_tree.nodes:
            if node.type == "BSDF_PRINCIPLED":
                node.distribution = "MULTI_GGX"
            if node.type == "VOLUME_ABSORPTION":
                absorb_as_gltf_says(node)
        if material.blend_method == "CLIP":
            cut_out(material)
    for light in bpy.data.lights:
        light.shadow_soft_size = 0
        if light.type == "SUN":
            light.angle = 0
    settings(scene, command)
    return {"loadCpuMs": processor_ms() - started, "blender": bpy.app.version_string}


def principled_of(material):
    return next((node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED"), None)


def is_matt(node):
    """Without a reflection glTF has Lambert's surface, not Principled's. An alpha stays with Principled."""
    if node is None or node.inputs["Base Color"].is_linked or node.inputs["Alpha"].is_linked:
        return False
    values = [node.inputs[name].default_value for name in ("Specular", "Metallic", "Transmission")]
    return values == [0, 0, 0] and node.inputs["Alpha"].default_value == 1 and not node.inputs["Emission"].is_linked


def make_matt(material):
    tree = material.node_tree
    source = principled_of(material)
    color = source.inputs["Base Color"].default_value[:]
    emission = source.inputs["Emission"].default_value[:]
    strength = source.inputs["Emission Strength"].default_value
    tree.nodes.clear()
    output = tree.nodes.new("ShaderNodeOutputMaterial")
    diffuse = tree.nodes.new("ShaderNodeBsdfDiffuse")
    diffuse.inputs["Color"].default_value = color
    result = diffuse.outputs[0]
    if max(emission[:3]) > 0:
        light = tree.nodes.new("ShaderNodeEmission")
        light.inputs["Color"].default_value = emission
        light.inputs["Strength"].default_value = strength
        both = tree.nodes.new("ShaderNodeAddShader")
        tree.links.new(result, both.inputs[0])
        tree.links.new(light.outputs[0], both.inputs[1])
        result = both.outputs[0]
    tree.links.new(result, output.inputs["Surface"])


def shine_from_front(tree, input):
    """Only the front shines, as glTF says of what is not double-sided. `input` is the strength of an emission."""
    geometry = tree.nodes.new("ShaderNodeNewGeometry")
    front = tree.nodes.new("ShaderNodeMath")
    front.operation = "SUBTRACT"
    front.inputs[0].default_value = 1
    tree.links.new(geometry.outputs["Backfacing"], front.inputs[1])
    scaled = tree.nodes.new("ShaderNodeMath")
    scaled.operation = "MULTIPLY"
    scaled.inputs[1].default_value = input.default_value
    tree.links.new(front.outputs[0], scaled.inputs[0])
    tree.links.new(scaled.outputs[0], input)


def cut_out(material):
    """Cycles knows no cutoff of its own: alpha counts as 1 above it and as 0 below."""
    tree = material.node_tree
    alpha = principled_of(material).inputs["Alpha"]
    step = tree.nodes.new("ShaderNodeMath")
    step.operation = "GREATER_THAN"
    step.inputs[0].default_value = alpha.default_value
    step.inputs[1].default_value = material.alpha_threshold
    if alpha.is_linked:
        tree.links.new(alpha.links[0].from_socket, step.inputs[0])
    tree.links.new(step.outputs[0], alpha)


def absorb_as_gltf_says(node):
    """The importer's density and colour leave another share of the light than the attenuation colour."""
    color, density = node.inputs["Color"], node.inputs["Density"]
    absorbed = [-math.log(max(left, 1e-28)) * density.default_value for left in color.default_value[:3]]
    most = max(absorbed)
    density.default_value = most
    color.default_value = [1 - part / most if most > 0 else 1 for part in absorbed] + [1]


def settings(scene, command):
    render, cycles = scene.render, scene.cycles
    render.engine = "CYCLES"
    render.resolution_x, render.resolution_y = command["widthPixels"], command["heightPixels"]
    render.resolution_percentage = 100
    render.use_persistent_data = True
    render.threads_mode, render.threads = "FIXED", command.get("threads", 2)
    render.image_settings.file_format = "OPEN_EXR"
    render.image_settings.color_mode = "RGB"
    render.image_settings.color_depth = "32"
    render.image_settings.exr_codec = "NONE"
    cycles.device = "CPU"
    cycles.use_denoising = False
    cycles.use_adaptive_sampling = False
    cycles.sample_clamp_direct = cycles.sample_clamp_indirect = 0
    cycles.blur_glossy = 0
    cycles.caustics_reflective = cycles.caustics_refractive = True
    cycles.light_sampling_threshold = 0
    cycles.pixel_filter_type = "BOX"
    cycles.sampling_pattern = command.get("pattern", "PROGRESSIVE_MULTI_JITTER")
    # Cycles counts the bounces after the first scattering.
    bounces = command["scatterings"] - 1
    for kind in ("max", "diffuse", "glossy", "transmission", "volume", "transparent_max"):
        setattr(cycles, "max_bounces" if kind == "max" else f"{kind}_bounces", bounces)


def render(command):
    """Writes R, G, B, A as float32, rows from the bottom up. The first render of a scene also builds its tree."""
    scene = bpy.context.scene
    scene.cycles.samples = command["samples"]
    scene.cycles.seed = command["seed"]
    started, wall = processor_ms(), time.perf_counter()
    bpy.ops.render.render()
    used = processor_ms() - started
    wall_ms = (time.perf_counter() - wall) * 1000
    picture = command["picture"] + ".exr"
    bpy.data.images["Render Result"].save_render(picture)
    image = bpy.data.images.load(picture)
    image.colorspace_settings.name = "Non-Color"
    with open(command["picture"], "wb") as file:
        array.array("f", image.pixels[:]).tofile(file)
    bpy.data.images.remove(image)
    os.remove(picture)
    return {"cpuMs": used, "wallMs": wall_ms}


for line in sys.stdin:
    asked = json.loads(line)
    answer = load(asked) if asked["do"] == "load" else render(asked)
    print("ANSWER " + json.dumps(answer), flush=True)
