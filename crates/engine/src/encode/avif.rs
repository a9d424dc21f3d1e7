//! Pixels to AVIF: AV1 by `rav1e`, on one thread and without a pool, in boxes of our own.

mod boxes;
mod step;

use contract::Variant;
use rav1e::prelude::{
    BlockSize, ChromaSampling, ColorDescription, ColorPrimaries, Config, Context, EncoderConfig, EncoderStatus,
    MatrixCoefficients, PartitionRange, PixelRange, Plane, Rational, SceneDetectionSpeed, SpeedSettings,
    TransferCharacteristics, Tune,
};

use self::{boxes::Coded, step::step};
use crate::{
    colour::ycbcr_of,
    error::EncodeFault,
    raster::{Channels, Raster},
};

/// Of alpha, whatever the quality: nobody sees a level of it, and edges stay sharp.
const ALPHA_STEP: usize = 40;

/// Grey, or YCbCr with all of its chroma, each with alpha or without.
///
/// Chroma of half the size is what costs a small JPEG most of its SSIMULACRA2: with it, 128 px take 0.92 of the bytes of a
/// JPEG of equal score, without it 0.61; at 512 px it is the same.
///
/// # Errors
/// Of the encoder.
pub(super) fn file(image: &Raster, variant: &Variant) -> Result<Vec<u8>, EncodeFault> {
    let count = image.channels.count();
    let alpha = image.channels.has_alpha().then(|| {
        let alphas = image.samples.chunks_exact(count).map(|pixel| [pixel[count - 1]]);
        coded(image, alphas, ALPHA_STEP)
    });
    let alpha = alpha.transpose()?;
    let (size_px, pixels) = ((image.width as u32, image.height as u32), image.samples.chunks_exact(count));
    let step = step(size_px, variant.quality);
    let picture = match image.channels {
        Channels::Grey | Channels::GreyAlpha => coded(image, pixels.map(|pixel| [pixel[0]]), step),
        Channels::YCbCr => coded(image, pixels.map(|pixel| [pixel[0], pixel[1], pixel[2]]), step),
        _ => coded(image, pixels.map(|pixel| ycbcr_of([pixel[0], pixel[1], pixel[2]])), step),
    };
    Ok(boxes::file(size_px, &picture?, alpha.as_ref()))
}

/// What encoding holds at the most, the file included and the pixels not, and the file alone, in bytes.
///
/// Symbols are kept until their probabilities are known, so that noise takes ten times what a photo does. Measured with
/// `rav1e` 0.8.1 on noise of 1 to 1,048,576 pixels: 1.7 MB for one pixel, 2.4 kB for each row or column, and for a pixel
/// 415 bytes at a step of 1, 236 at 10, 132 at 40, 77 from 120 on.
pub(super) fn most_bytes((width, height): (u32, u32), quality: u8) -> (u64, u64) {
    // Whole blocks are coded.
    let pixels = u64::from(width.next_multiple_of(8)) * u64::from(height.next_multiple_of(8));
    let pixel_bytes = match step((width, height), quality) {
        0..10 => 430,
        10..40 => 250,
        40..120 => 140,
        _ => 85,
    };
    // Alpha is coded before, and waits.
    let file_bytes = 4096 + pixels * 6;
    (BASE_BYTES + SIDE_BYTES * (u64::from(width) + u64::from(height)) + pixels * pixel_bytes + file_bytes, file_bytes)
}

const BASE_BYTES: u64 = 2 << 20;
const SIDE_BYTES: u64 = 2_600;

/// One plane or three of `image`'s size as AV1.
fn coded<const PLANES: usize>(
    image: &Raster,
    pixels: impl Iterator<Item = [u8; PLANES]>,
    step: usize,
) -> Result<Coded, EncodeFault> {
    let config = Config::new().with_threads(1).with_encoder_config(settings(image, PLANES, step));
    let mut context: Context<u8> = config.new_context().map_err(fault)?;
    let mut frame = context.new_frame();
    let stride = |plane: usize| frame.planes[plane].cfg.stride;
    let strides: [usize; PLANES] = std::array::from_fn(stride);
    let mut planes = frame.planes.iter_mut().map(Plane::data_origin_mut);
    let mut planes: [&mut [u8]; PLANES] = std::array::from_fn(|_| planes.next().unwrap_or_default());
    for (index, pixel) in pixels.enumerate() {
        let (x, y) = (index % image.width, index / image.width);
        for ((plane, stride), sample) in planes.iter_mut().zip(strides).zip(pixel) {
            plane[y * stride + x] = sample;
        }
    }
    context.send_frame(frame).map_err(fault)?;
    context.flush();
    let mut bytes = Vec::new();
    loop {
        match context.receive_packet() {
            Ok(packet) => bytes.extend_from_slice(&packet.data),
            Err(EncoderStatus::Encoded) => {}
            Err(EncoderStatus::LimitReached) => break,
            Err(status) => return Err(fault(status)),
        }
    }
    let configuration = context.container_sequence_header();
    let configuration = configuration.try_into().map_err(|_| EncodeFault("no configuration of four bytes".into()))?;
    Ok(Coded { configuration, bytes, planes: PLANES as u8 })
}

/// What costs little and is worth it. Six photos, 4:4:4, CPU without assembly and bytes times those of our JPEG of quality
/// 80 at equal SSIMULACRA2, the median:
///
/// | | 128 px | 512 px |
/// |---|---|---|
/// | this: blocks of 8 by 8, the error alone, no CDEF, eight directions | 12 ms, 0.61 | 141 ms, 0.94 |
/// | with all 56 directions | 14 ms, 0.61 | |
/// | with CDEF | 18 ms, 0.61 | 222 ms, 0.94 |
/// | with activity masks | 15 ms, 0.63 | 165 ms, 0.88 |
/// | blocks of 8 or 16 | 18 ms, 0.62 | 250 ms, 0.89 |
/// | blocks of 16 by 16 | 11 ms, 0.68 | |
/// | `rav1e`'s speed 10, of 4:2:0 | 16 ms, 1.25 | |
/// | speed 9 | 38 ms, 0.66 | |
/// | speed 8 | 55 ms, 0.64 | 797 ms, 0.81 |
///
/// Tried and dropped: `gamut-av1` 0.5, which takes 187 ms of 128 px at its fastest; `rusty_av1e` 0.8, which is `rav1e` in
/// 0.9 of the time, and two months old.
fn settings(image: &Raster, planes: usize, step: usize) -> EncoderConfig {
    let mut speed_settings = SpeedSettings::from_preset(10);
    speed_settings.scene_detection_mode = SceneDetectionSpeed::None;
    speed_settings.rdo_lookahead_frames = 1;
    speed_settings.cdef = false;
    speed_settings.prediction.fine_directional_intra = false;
    speed_settings.partition.partition_range = PartitionRange::new(BlockSize::BLOCK_8X8, BlockSize::BLOCK_8X8);
    let colours = ColorDescription {
        color_primaries: ColorPrimaries::BT709,
        transfer_characteristics: TransferCharacteristics::SRGB,
        matrix_coefficients: MatrixCoefficients::BT601,
    };
    EncoderConfig {
        width: image.width,
        height: image.height,
        bit_depth: 8,
        chroma_sampling: if planes == 1 { ChromaSampling::Cs400 } else { ChromaSampling::Cs444 },
        pixel_range: PixelRange::Full,
        color_description: Some(colours),
        still_picture: true,
        time_base: Rational::new(1, 1),
        min_key_frame_interval: 0,
        max_key_frame_interval: 0,
        low_latency: false,
        quantizer: step,
        min_quantizer: step as u8,
        bitrate: 0,
        tune: Tune::Psnr,
        tiles: 1,
        speed_settings,
        ..EncoderConfig::default()
    }
}

fn fault(cause: impl std::error::Error + Send + Sync + 'static) -> EncodeFault {
    EncodeFault(cause.into())
}
